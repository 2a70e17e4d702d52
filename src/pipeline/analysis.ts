/** What crosses between the main thread and a worker: plain data that can be cloned or transferred. */
import type { Attributes, AttributeName } from '../attributes/attributes.service.js';
import type { DetectOptions } from '../detection/detection.service.js';
import type { Point } from '../vision/affine.js';
import type { Box } from '../vision/box.js';
import type { Image } from '../vision/image.js';

/** What to find out about one picture. Work not asked for is not done. */
export interface AnalysisOptions extends Pick<DetectOptions, 'minFaceSize'> {
  /** Most faces to return, the largest ones; default: all. */
  readonly maxFaces?: number;
  /** Least confidence of a face, 0…1; default: the pack's. */
  readonly minConfidence?: number;
  /** Whether to place landmarks. */
  readonly landmarks: boolean;
  /** Whether to compute embeddings. */
  readonly embedding: boolean;
  /** Attributes to describe each face by. */
  readonly attributes: readonly AttributeName[];
}

/** One picture to analyse. */
export interface AnalysisJob {
  readonly image: Image;
  readonly options: AnalysisOptions;
  /** Shared between the threads: not 0 from when nobody waits for the answer any more. */
  readonly abandoned?: Int32Array;
}

/** One face with everything that was asked for, in pixels of the picture. */
export interface AnalysedFace {
  readonly box: Box;
  /** How sure it is a face, 0…1: the detector's score, or a second opinion where that one was in doubt. */
  readonly confidence: number;
  readonly landmarks?: readonly Point[];
  /** L2-normalised embedding, 512 numbers. */
  readonly embedding?: Float32Array;
  readonly attributes: Attributes;
}

/** The faces of each picture of a batch, largest first, and where the time went. */
export interface BatchResult {
  readonly faces: AnalysedFace[][];
  readonly times: StageTimes;
}

/** Milliseconds of one batch in a worker; `startedAt` is the wall clock in fractional milliseconds. */
export interface StageTimes {
  readonly startedAt: number;
  readonly detectMs: number;
  readonly recogniseMs: number;
  readonly attributesMs: number;
}

/** Milliseconds since the epoch with sub-millisecond resolution, comparable between threads. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
