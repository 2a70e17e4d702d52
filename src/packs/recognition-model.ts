/** What pack.json says about the recognition model and the meaning of its embeddings. */
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsDefined,
  IsIn,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { ModelFile } from './model-file.js';

/** Parameters of `similarityToConfidence`. */
export class ConfidenceCurve {
  /** Cosine similarity at which the confidence is `middle`. */
  @IsNumber()
  threshold!: number;

  @IsPositive()
  steepness!: number;

  @Min(0)
  @Max(1)
  lowest!: number;

  @Min(0)
  @Max(1)
  middle!: number;

  @Min(0)
  @Max(1)
  highest!: number;
}

/** When two faces belong to the same person. */
export class MatchFacts {
  /** Cosine similarity from which two faces match, −1…1. */
  @Min(-1)
  @Max(1)
  threshold!: number;

  /** Share of pairs of different people above the threshold, 0…1; missing where it was not measured. */
  @IsOptional()
  @Min(0)
  @Max(1)
  falseMatchRate?: number;

  /** The data the rate was measured on. */
  @IsOptional()
  @IsString()
  measuredOn?: string;

  @IsDefined()
  @ValidateNested()
  @Type(() => ConfidenceCurve)
  confidence!: ConfidenceCurve;
}

/** Parameters of `quality`. They fit the norms of one recognition model's embeddings. */
export class QualityCurve {
  /** Norm of the embedding at which the quality is ½. */
  @IsPositive()
  middle!: number;

  @IsPositive()
  steepness!: number;
}

const FAMILIES = ['arcface'] as const;

/** The model that turns an aligned face into an embedding. */
export class RecognitionModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(FAMILIES)
  family!: (typeof FAMILIES)[number];

  @IsIn(['RGB', 'BGR'])
  channelOrder!: 'RGB' | 'BGR';

  @IsNumber()
  mean!: number;

  @IsPositive()
  std!: number;

  /** Whether the graph has, beside `embedding`, the output `features` that the attribute heads take. */
  @IsBoolean()
  hasFeatures: boolean = false;

  @IsDefined()
  @ValidateNested()
  @Type(() => MatchFacts)
  match!: MatchFacts;

  /** `npm run eval -- quality` measures it; without it, quality is `null`. */
  @IsOptional()
  @ValidateNested()
  @Type(() => QualityCurve)
  quality?: QualityCurve;
}
