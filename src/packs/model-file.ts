/** What the pack.json of a pack says of each of its files. */
import { Type } from 'class-transformer';
import { IsNumber, IsOptional, IsPositive, Matches, ValidateNested } from 'class-validator';

/** A graph of a pack. */
export class GraphFile {
  /** Path inside the pack's folder, or inside that of the pack beside it that fills in this role. */
  @Matches(/^(\.\.\/)?(\w[\w.-]*\/)*\w[\w.-]*\.onnx$/)
  file!: string;

  /** SHA-256 of that file, in hexadecimal; missing where nobody has published it. */
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/)
  sha256?: string;
}

/** What every model of a pack says of itself. */
export class ModelFile extends GraphFile {
  /** The graph that runs in its place on a CPU: the same in 8-bit numbers, for which GPUs have no kernels. */
  @IsOptional()
  @ValidateNested()
  @Type(() => GraphFile)
  onCpu?: GraphFile;
}

/** How 0…255 becomes a graph's input: (value − mean) / std. Graphs that do this themselves take 0 and 1. */
export class InputScaling {
  @IsNumber()
  mean!: number;

  @IsPositive()
  std!: number;
}
