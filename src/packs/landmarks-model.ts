/** What pack.json says about the landmark model. */
import { Type } from 'class-transformer';
import { IsIn, IsOptional, ValidateNested } from 'class-validator';
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

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}
