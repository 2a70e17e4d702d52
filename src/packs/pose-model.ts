/** What pack.json says about the pose models. */
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsNumber, IsOptional, IsPositive, ValidateNested } from 'class-validator';
import { ModelFile, InputScaling } from './model-file.js';

/** Degrees to add to a model's angles; signs as in the API. */
export class PoseOffsets {
  @IsNumber()
  roll!: number;

  @IsNumber()
  yaw!: number;

  /** Multiplied by the cosine of yaw before it is added. */
  @IsNumber()
  pitch!: number;
}

const FAMILIES = ['hopenet', '1k3d68'] as const;

/** The model that estimates the head's pose from the pixels. */
export class PoseModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(FAMILIES)
  family!: (typeof FAMILIES)[number];

  /** Corrects the bias of the model's angles; `npm run eval -- pose` measures it. */
  @IsDefined()
  @ValidateNested()
  @Type(() => PoseOffsets)
  calibration!: PoseOffsets;

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}

/** The largest angles, in degrees to either side. */
export class PoseLimits {
  /** Roll in the aligned crop, where it is near 0 unless the keypoints are wrong. */
  @IsPositive()
  roll!: number;

  @IsPositive()
  yaw!: number;

  @IsPositive()
  pitch!: number;
}

/** The network on the trunk's features that estimates the pose of heads turned little; the others go to `pose`. */
export class QuickPoseModel extends ModelFile {
  /** What kind of graph it is. */
  @IsIn(['trunk-pose'])
  family!: 'trunk-pose';

  /** Its answers beyond these limits are not used. */
  @IsDefined()
  @ValidateNested()
  @Type(() => PoseLimits)
  limits!: PoseLimits;
}
