/** What pack.json says about the liveness model, and what its answer is worth. */
import { Type } from 'class-transformer';
import {
  IsIn,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { ModelFile } from './model-file.js';

/** Platt scaling: the calibrated probability has the log odds `scale` · x + `bias`, x being those of the model. */
export class PlattScaling {
  @IsPositive()
  scale!: number;

  @IsNumber()
  bias!: number;
}

/** From which probability on a face is taken for a living one, and how often that is wrong (ISO/IEC 30107-3). */
export class LivenessDecision {
  /** The lowest `liveness_confidence` of a face that is taken for a living one, 0…1. */
  @Min(0)
  @Max(1)
  threshold!: number;

  /** Attack presentation classification error rate: share of the attacks that are taken for living faces, 0…1. */
  @Min(0)
  @Max(1)
  apcer!: number;

  /** Bona fide presentation classification error rate: share of the living faces that are taken for attacks, 0…1. */
  @Min(0)
  @Max(1)
  bpcer!: number;

  /** The attacks and the living faces that the rates were measured on. */
  @IsString()
  @IsNotEmpty()
  measuredOn!: string;
}

const LIVENESS_FAMILIES = ['minifasnet'] as const;

/** The model that tells a living face from a picture of one. */
export class LivenessModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(LIVENESS_FAMILIES)
  family!: (typeof LIVENESS_FAMILIES)[number];

  /** Side of the square that the model sees, as a multiple of the face's box. */
  @IsPositive()
  scale!: number;

  /** Turns the model's answer into a probability; `npm run eval -- liveness` fits it. Without it, the answer stays raw. */
  @IsOptional()
  @ValidateNested()
  @Type(() => PlattScaling)
  calibration?: PlattScaling;

  /** `npm run eval -- liveness` measures it; without it, the API states no threshold. */
  @IsOptional()
  @ValidateNested()
  @Type(() => LivenessDecision)
  decision?: LivenessDecision;
}
