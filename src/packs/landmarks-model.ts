/** What a pack says of its landmarks. */
import { Type } from 'class-transformer';
import { IsIn, IsOptional, ValidateNested } from 'class-validator';
import { ModelFile, InputScaling } from './model-file.js';

/** The model that places the landmarks inside a detected box. */
export class LandmarksModel extends ModelFile {
  @IsIn(['landmarks68', '2d106det'])
  family!: 'landmarks68' | '2d106det';

  /** Name of the numbering of the points. */
  @IsIn(['ibug-68', 'insightface-2d106'])
  scheme!: 'ibug-68' | 'insightface-2d106';

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}
