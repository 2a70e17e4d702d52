/** What a pack says of the models that describe a face, pose apart. */
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsIn,
  IsOptional,
  IsPositive,
  IsString,
  ValidateNested,
} from 'class-validator';
import { ModelFile, InputScaling } from './model-file.js';

/** The model that tells a living face from a picture of one. */
export class LivenessModel extends ModelFile {
  @IsIn(['minifasnet'])
  family!: 'minifasnet';

  /** How many times the face's box the model looks at. */
  @IsPositive()
  scale!: number;
}

/** The network on the trunk's features that tells gender, age, race and mask. */
export class AppearanceModel extends ModelFile {
  @IsIn(['trunk-heads'])
  family!: 'trunk-heads';

  /** The label of each class of its gender output. */
  @IsIn(['Female', 'Male'], { each: true })
  @ArrayMinSize(2)
  genders!: ('Female' | 'Male')[];

  /** The label of each class of its race output; `null` for a class that mixes several labels of the contract. */
  @IsArray()
  @ArrayMinSize(2)
  races!: (string | null)[];

  /** Which labels it cannot tell apart and why, for those who ask why `race` is null. */
  @IsOptional()
  @IsString()
  raceNote?: string;
}

/** The network that tells gender, age and race from the pixels; what it tells goes before what `appearance` tells. */
export class DemographicsModel extends ModelFile {
  @IsIn(['genderage', 'fairface'])
  family!: 'genderage' | 'fairface';

  /** The label of each class of its gender output. */
  @IsIn(['Female', 'Male'], { each: true })
  @ArrayMinSize(2)
  genders!: ('Female' | 'Male')[];

  /** The label of each class of its race output, where it has one; classes of one label count together. */
  @IsOptional()
  @IsString({ each: true })
  races?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}
