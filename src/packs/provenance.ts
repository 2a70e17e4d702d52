/** Where the weights of a model come from, and what they learnt from. `npm run docs` writes docs/licences.md from it. */
import { Type } from 'class-transformer';
import { IsArray, IsIn, IsNotEmpty, IsOptional, IsString, IsUrl, ValidateNested } from 'class-validator';

const EVIDENCE = ['own work', 'stated', 'presumed'] as const;

/** Data that a model learnt from, or another model that taught it. */
export class TrainingData {
  /** Its name. */
  @IsString()
  @IsNotEmpty()
  name!: string;

  /** What it was used for, in a few words. */
  @IsString()
  @IsNotEmpty()
  use!: string;

  /** Its licence or terms: an SPDX identifier, or a few words. */
  @IsString()
  @IsNotEmpty()
  licence!: string;

  /** How this is known: `own work` of this project, `stated` by those who made the weights, or `presumed`. */
  @IsIn(EVIDENCE)
  evidence!: (typeof EVIDENCE)[number];

  /** Where that can be read. */
  @IsOptional()
  @IsUrl()
  url?: string;
}

/** Where the weights of a model come from. */
export class Provenance {
  /** Which network it is, who trained it, and where it was published. */
  @IsString()
  @IsNotEmpty()
  weights!: string;

  /** Where that can be read. */
  @IsOptional()
  @IsUrl()
  url?: string;

  /** Licence of the weights: an SPDX identifier, or a few words that say what it allows. */
  @IsString()
  @IsNotEmpty()
  licence!: string;

  /** What the weights learnt from, as far as it is known; empty where nothing is. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => TrainingData)
  trainingData!: TrainingData[];

  /** What must be said wherever the weights, or answers by them, are passed on. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  attribution?: string;
}
