/**
 * The protocol between the main thread and a worker: plain data that can be cloned, and pixels in shared memory. The only
 * file of `worker/` that the rest of the service may import.
 */
import type { Attributes, AttributeName } from '../attributes/attributes.service.js';
import type { Face } from '../detection/face.js';
import type { DetectOptions } from '../detection/searcher.js';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { Recognition } from '../recognition/recognition.service.js';
import type { RuntimeReport } from '../sessions/runtime-report.js';
import type { Point } from '../vision/affine.js';
import type { Box } from '../vision/box.js';
import type { Image } from '../vision/image.js';

/** What a worker is given when it starts. */
export interface WorkerData {
  /** The main thread's configuration. */
  readonly config: Config;
  /** Shared memory in which each thread claims a GPU slot with its thread id; 0: free. See inference/gpu-slots.ts. */
  readonly gpuSlots: Int32Array;
}

/** What a worker says: once that it is warm and where its models run, then the answer to each task. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly runtime: RuntimeReport }
  | { readonly kind: 'answer'; readonly answer: BatchAnswer };

/** What to find out about one picture. Work not asked for is not done. */
export interface AnalysisOptions extends Pick<DetectOptions, 'minFaceSize'> {
  /** Most faces to return, the largest ones; default: all. */
  readonly maxFaces?: number;
  /** Least confidence of a face, 0…1; default: the pack's. */
  readonly minConfidence?: number;
  /**
   * Gives up on a picture one of whose faces has a shorter side below it, in pixels: it deserves to be seen larger.
   * Default: never.
   */
  readonly minFaceSide?: number;
  /** Whether to locate landmarks. */
  readonly landmarks: boolean;
  /** Whether to compute embeddings. */
  readonly embedding: boolean;
  /** Attributes to describe each face by. */
  readonly attributes: readonly AttributeName[];
}

/** One picture to analyse. */
export interface AnalysisJob {
  /** Its pixels are in shared memory. */
  readonly image: Image;
  readonly options: AnalysisOptions;
  /** Shared between the threads: not 0 from when nobody waits for the answer any more. */
  readonly abandoned?: Int32Array;
}

/** What a worker is asked for. */
export interface Task {
  /** The pictures, analysed together. */
  readonly jobs: readonly AnalysisJob[];
  /** Whether several faces of a single picture are handed back found and not described, for several workers to share. */
  readonly mayShare?: boolean;
  /** The faces of the pictures, where these are found already and only to be described. */
  readonly found?: FoundFaces;
}

/** A face that will be answered, with what finding it has told of it. */
export interface FoundFace extends Face {
  /** How sure it is a face, 0…1. */
  readonly confidence: number;
  readonly landmarks?: readonly Point[];
  /** What the model that gives the embedding says. */
  readonly recognition?: Recognition;
  /** What the model that attributes read says; often the same. */
  readonly trunk?: Recognition;
}

/** The faces of each picture of a batch, largest first, before they are described. */
export interface FoundFaces {
  readonly found: readonly (readonly FoundFace[])[];
  /** For each picture, whether it was given up as one of its faces is below `minFaceSide`. */
  readonly tooCoarse: readonly boolean[];
  readonly times: StageTimes;
}

/** A picture whose faces are found and not described yet. */
export interface FoundPicture {
  readonly faces: readonly FoundFace[];
  readonly times: StageTimes;
}

/** One face with everything that was asked for, in pixels of the picture. */
export interface AnalysedFace {
  readonly box: Box;
  /** How sure it is a face, 0…1: the detector's score, or the rescored confidence where the detector was not certain. */
  readonly confidence: number;
  readonly landmarks?: readonly Point[];
  /** L2-normalised embedding, 512 numbers. */
  readonly embedding?: Float32Array;
  readonly attributes: Attributes;
}

/** The faces of each picture of a batch, largest first, and where the time went. */
export interface BatchResult {
  readonly faces: AnalysedFace[][];
  /** For each picture, whether it was given up as one of its faces is below `minFaceSide`. */
  readonly tooCoarse: readonly boolean[];
  readonly times: StageTimes;
}

/** What became of one picture: its faces, largest first, or why there is no answer. */
export type Outcome =
  | { readonly kind: 'faces'; readonly faces: AnalysedFace[] }
  | { readonly kind: 'found'; readonly picture: FoundPicture }
  | { readonly kind: 'too_coarse' }
  | { readonly kind: 'failed'; readonly error: Error };

/** A worker's answer: what became of each picture of a batch, in order, and where the time of all of them went. */
export interface BatchAnswer {
  readonly outcomes: readonly Outcome[];
  readonly times: StageTimes;
}

/** Milliseconds that one batch spent in each stage of a worker. */
export interface StageTimes {
  /** When the work began: milliseconds since 1970, with fractions; see `wallClock`. */
  readonly startedAt: number;
  readonly detect: number;
  readonly recognise: number;
  readonly attributes: number;
}

/** Whether nobody waits for the answer of a job any more. */
export function isAbandoned({ abandoned }: AnalysisJob): boolean {
  return abandoned !== undefined && Atomics.load(abandoned, 0) !== 0;
}

/** Milliseconds since the epoch with sub-millisecond resolution, comparable between threads. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** The times of no work at all. */
export const NO_TIMES: StageTimes = { startedAt: Infinity, detect: 0, recognise: 0, attributes: 0 };

/** The answer for a single picture that failed. Of the error it keeps what can be sent to another thread. */
export function failedAnswer(cause: unknown): BatchAnswer {
  const error = new Error(messageOf(cause));
  if (cause instanceof Error) error.stack = cause.stack;
  return { outcomes: [{ kind: 'failed', error }], times: NO_TIMES };
}
