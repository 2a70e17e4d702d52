/** What pack.json says about the landmark model and the network on its features. */
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { ModelFile, InputScaling } from './model-file.js';

const FAMILIES = ['landmarks68', '2d106det'] as const;

/** The model that locates the landmarks of a detected face. */
export class LandmarksModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(FAMILIES)
  family!: (typeof FAMILIES)[number];

  /** Name of the numbering of the points. */
  @IsIn(['ibug-68', 'insightface-2d106'])
  scheme!: 'ibug-68' | 'insightface-2d106';

  /** Whether the graph has, beside the landmarks, the output `features` that the orientation network takes. */
  @IsBoolean()
  hasFeatures: boolean = false;

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}

/** The network on the landmark model's features that tells which way up a face is. */
export class OrientationModel extends ModelFile {
  /** What kind of graph it is. */
  @IsIn(['landmark-orientation'])
  family!: 'landmark-orientation';

  /**
   * A face is upright if the first number of the network's answer, the cosine of its turn, is at least this. Any other
   * is looked at from four sides.
   */
  @Min(-1)
  @Max(1)
  minUpright!: number;

  /**
   * The looks from four sides decide only if the mean of the network's answers is at least this long; otherwise the
   * keypoints of the first look do.
   */
  @Min(0)
  @Max(1)
  minAgreement!: number;
}
