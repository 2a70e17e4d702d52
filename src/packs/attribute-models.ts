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

const LIVENESS_FAMILIES = ['minifasnet'] as const;

/** The model that tells a living face from a picture of one. */
export class LivenessModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(LIVENESS_FAMILIES)
  family!: (typeof LIVENESS_FAMILIES)[number];

  /** How many times the face's box the model looks at. */
  @IsPositive()
  scale!: number;
}

/** The network on the trunk's features that tells gender, age, race and mask. */
export class AppearanceModel extends ModelFile {
  /** What kind of graph it is. */
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

const DEMOGRAPHICS_FAMILIES = ['genderage', 'fairface'] as const;

/** The network that tells gender, age and race from the pixels; what it tells goes before what `appearance` tells. */
export class DemographicsModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(DEMOGRAPHICS_FAMILIES)
  family!: (typeof DEMOGRAPHICS_FAMILIES)[number];

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
