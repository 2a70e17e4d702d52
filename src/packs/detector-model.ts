/** What a pack says of its detector. */
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsIn,
  IsNumber,
  IsOptional,
  IsPositive,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { ModelFile } from './model-file.js';

/** How the sizes of input confirm or contradict each other's candidates; see detection/confirmation.ts. */
export class ScaleAgreement {
  /** Detector score from which a candidate needs no other size to confirm it, 0…1. */
  @Min(0)
  @Max(1)
  minScoreAlone!: number;

  /** Detector score from which a size sees something, 0…1: it confirms what others see there, or leaves doubt. */
  @Min(0)
  @Max(1)
  minSupportScore!: number;

  /** Length of a box in an input, in pixels, from which the detector sees faces so well that missing one tells something; */
  @IsPositive()
  minClearPixels!: number;

  /** and above which it sees but parts of them. */
  @IsPositive()
  maxClearPixels!: number;
}

/** How candidates the detector is not sure of are verified; see pipeline/verification.ts. Needs `appearance`. */
export class Rescoring {
  /** Detector score from which a box is a candidate at all, 0…1; lower where a caller asks for less confidence than usual. */
  @Min(0)
  @Max(1)
  minScore!: number;

  /** Detector score from which a candidate is taken for a face without a second opinion, 0…1. */
  @Min(0)
  @Max(1)
  certainScore!: number;

  /** Weights of the log odds of the detector's score and of the head's probability, and the constant. */
  @IsNumber()
  scoreWeight!: number;

  @IsNumber()
  faceWeight!: number;

  @IsNumber()
  bias!: number;

  /** Without it every useful size is searched, and every doubtful candidate gets a second opinion. */
  @IsOptional()
  @ValidateNested()
  @Type(() => ScaleAgreement)
  scaleAgreement?: ScaleAgreement;
}

const FAMILIES = ['ultraface', 'scrfd', 'yunet'] as const;

/** The model that finds faces. */
export class DetectorModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(FAMILIES)
  family!: (typeof FAMILIES)[number];

  /** Lengths in pixels of the picture's longer side at which it is searched; the results are merged. */
  @IsArray()
  @ArrayMinSize(1)
  @IsPositive({ each: true })
  sizes!: number[];

  /** Score from which a box counts as a face where the caller does not say, 0…1. */
  @Min(0)
  @Max(1)
  scoreThreshold!: number;

  /** Intersection over union above which two boxes are the same face, 0…1. */
  @Min(0)
  @Max(1)
  iouThreshold!: number;

  /** Share of the smaller box inside the larger above which two boxes are the same face; 1: never. */
  @Min(0)
  @Max(1)
  containmentThreshold!: number;

  /** Without it the detector's score is the confidence. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Rescoring)
  rescoring?: Rescoring;
}
