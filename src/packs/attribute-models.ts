/** What pack.json says about the models that give gender, age, race and mask. */
import { Type } from 'class-transformer';
import { ArrayMinSize, IsArray, IsIn, IsOptional, IsString, ValidateNested } from 'class-validator';
import { ModelFile, InputScaling } from './model-file.js';

/** The network on the trunk's features that gives gender, age, race, mask and whether the crop shows a face. */
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

  /** Which labels the model cannot distinguish and why; the API shows it to explain a `race` of null. */
  @IsOptional()
  @IsString()
  raceNote?: string;
}

/** What the models of each family tell beside gender and age bracket. */
const DEMOGRAPHICS_FAMILIES = {
  genderage: { race: false, years: true, bracketConfidence: false },
  fairface: { race: true, years: false, bracketConfidence: true },
  mobilefacenet: { race: true, years: true, bracketConfidence: true },
} as const;
type DemographicsFamilyName = keyof typeof DEMOGRAPHICS_FAMILIES;

/** The network that gives gender, age and race from the pixels. Its answers replace those of `appearance`. */
export class DemographicsModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(Object.keys(DEMOGRAPHICS_FAMILIES))
  family!: DemographicsFamilyName;

  /** The label of each class of its gender output. */
  @IsIn(['Female', 'Male'], { each: true })
  @ArrayMinSize(2)
  genders!: ('Female' | 'Male')[];

  /** The label of each class of its race output, where it has one. Classes with the same label are added up. */
  @IsOptional()
  @IsString({ each: true })
  races?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;

  /** What the model tells beside gender and age bracket. */
  get tells(): (typeof DEMOGRAPHICS_FAMILIES)[DemographicsFamilyName] {
    return DEMOGRAPHICS_FAMILIES[this.family];
  }
}
