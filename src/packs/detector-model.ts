/** What pack.json says about the detector. */
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsDivisibleBy,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsPositive,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { ModelFile } from './model-file.js';

/**
 * How the scales that a picture is searched at support or contradict each other's candidates; see
 * detection/scale-agreement.ts.
 */
export class ScaleAgreement {
  /** A candidate of at least this detector score, 0…1, stands without support from another scale. */
  @Min(0)
  @Max(1)
  minScoreAlone!: number;

  /**
   * The lowest detector score at another scale, 0…1, that supports a candidate. Candidates from here on may cause more
   * scales to be searched.
   */
  @Min(0)
  @Max(1)
  minSupportScore!: number;

  /** A scale shows a face clearly where the longer side of its box has at least this many input pixels. */
  @IsPositive()
  minClearPixels!: number;

  /** A scale shows only parts of a face where the longer side of its box has more than this many input pixels. */
  @IsPositive()
  maxClearPixels!: number;
}

/** How candidates that the detector is not certain of are rescored; see worker/rescoring.ts. Needs `appearance`. */
export class Rescoring {
  /**
   * The lowest detector score that is rescored, 0…1. A caller who asks for less confidence than the default lowers it.
   */
  @Min(0)
  @Max(1)
  minScore!: number;

  /** From this detector score on, 0…1, the detector alone decides. */
  @Min(0)
  @Max(1)
  certainScore!: number;

  /** Weight of the log odds of the detector's score. */
  @IsNumber()
  scoreWeight!: number;

  /** Weight of the log odds of the appearance head's probability that the crop shows a face. */
  @IsNumber()
  faceWeight!: number;

  /** Added to the weighted log odds. */
  @IsNumber()
  bias!: number;

  /** Without it, every useful size is searched and every uncertain candidate is rescored. */
  @IsOptional()
  @ValidateNested()
  @Type(() => ScaleAgreement)
  scaleAgreement?: ScaleAgreement;
}

/** How a thorough search divides a picture; see detection/tiles.ts. */
export class Tiles {
  /** The longest side of a tile, in pixels of the input; a multiple of 32. */
  @IsInt()
  @IsDivisibleBy(32)
  @Min(256)
  side!: number;

  /** The longest box that a tile answers for, in pixels of the input. Larger faces are left to the coarser levels. */
  @IsInt()
  @Min(16)
  @Max(112)
  maxFacePixels!: number;
}

const FAMILIES = ['ultraface', 'scrfd', 'yunet'] as const;

/** The model that finds faces. */
export class DetectorModel extends ModelFile {
  /** What kind of graph it is: which code draws its input and reads its outputs. */
  @IsIn(FAMILIES)
  family!: (typeof FAMILIES)[number];

  /** Lengths in pixels of the input's longer side that the picture is searched at; the results are merged. */
  @IsArray()
  @ArrayMinSize(1)
  @IsPositive({ each: true })
  sizes!: number[];

  /** Without it, tiles of 768 pixels answer for boxes of up to 48 pixels. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Tiles)
  tiles?: Tiles;

  /** The lowest confidence of a face where the caller gives none, 0…1. */
  @Min(0)
  @Max(1)
  scoreThreshold!: number;

  /** Intersection over union above which two boxes are the same face, 0…1. */
  @Min(0)
  @Max(1)
  iouThreshold!: number;

  /**
   * Share of the smaller box inside the larger one above which two boxes are the same face, 0…1; 1 switches the rule
   * off.
   */
  @Min(0)
  @Max(1)
  containmentThreshold!: number;

  /** Without it, the detector's score is the confidence. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Rescoring)
  rescoring?: Rescoring;
}
