/** What pack.json says about each graph. */
import { Type } from 'class-transformer';
import { IsNumber, IsOptional, IsPositive, Matches, ValidateNested } from 'class-validator';
import { Provenance } from './provenance.js';

/** A graph of a pack. */
export class GraphFile {
  /** Path of the .onnx file, relative to the pack's folder. */
  @Matches(/^(\.\.\/)?(\w[\w.-]*\/)*\w[\w.-]*\.onnx$/)
  file!: string;

  /** SHA-256 of the file, in hexadecimal; missing where it was never published. */
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/)
  sha256?: string;
}

/** What every model has. */
export class ModelFile extends GraphFile {
  /** The graph that a CPU runs instead: the same network in 8-bit integers, for which GPUs have no kernels. */
  @IsOptional()
  @ValidateNested()
  @Type(() => GraphFile)
  onCpu?: GraphFile;

  /** Where the weights of both come from. The packs of this repository all say it. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Provenance)
  provenance?: Provenance;
}

/**
 * How pixel values 0…255 are scaled for a graph: (value − mean) / std. Graphs that scale them themselves take 0 and 1.
 */
export class InputScaling {
  @IsNumber()
  mean!: number;

  @IsPositive()
  std!: number;
}
