/** What a pack says of its pose models. */
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsNumber, IsOptional, IsPositive, ValidateNested } from 'class-validator';
import { ModelFile, InputScaling } from './model-file.js';

/** Degrees to add to a model's angles, in the contract's signs. */
export class PoseOffsets {
  @IsNumber()
  roll!: number;

  @IsNumber()
  yaw!: number;

  /** Added times the cosine of yaw. */
  @IsNumber()
  pitch!: number;
}

const FAMILIES = ['hopenet', '1k3d68'] as const;

/** The model that reads the head's pose. */
export class PoseModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(FAMILIES)
  family!: (typeof FAMILIES)[number];

  /** What the model's angles lack, as `npm run eval -- pose` measures it. */
  @IsDefined()
  @ValidateNested()
  @Type(() => PoseOffsets)
  calibration!: PoseOffsets;

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}

/** How far a head may be turned, in degrees to either side. */
export class PoseLimits {
  /** In the aligned crop, where it is near 0 unless the keypoints are wrong. */
  @IsPositive()
  roll!: number;

  @IsPositive()
  yaw!: number;

  @IsPositive()
  pitch!: number;
}

/** The network on the trunk's features that tells the pose of heads turned little; `pose` is asked about the others. */
export class QuickPoseModel extends ModelFile {
  /** What kind of graph it is. */
  @IsIn(['trunk-pose'])
  family!: 'trunk-pose';

  /** Within these it answers. */
  @IsDefined()
  @ValidateNested()
  @Type(() => PoseLimits)
  limits!: PoseLimits;
}
