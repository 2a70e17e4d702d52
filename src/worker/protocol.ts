/**
 * The protocol between the main thread and a worker: plain data that can be cloned, and pixels in shared memory. It is
 * the only file of `worker/` that the rest of the service may import.
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
  /**
   * Shared memory in which each thread claims a GPU slot with its thread id; 0 means free. See inference/gpu-slots.ts.
   */
  readonly gpuSlots: Int32Array;
}

/**
 * A message from a worker: `ready` once, when it is warm and knows where its models run; then an `answer` to each task.
 */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly runtime: RuntimeReport }
  | { readonly kind: 'answer'; readonly answer: BatchAnswer };

/** What to find out about one picture. The worker computes nothing else. */
export interface AnalysisOptions extends Pick<DetectOptions, 'minFaceSize' | 'search'> {
  /** Maximum number of faces to return, the largest first; default: all. */
  readonly maxFaces?: number;
  /** Minimum confidence of a face, 0…1; default: the pack's. */
  readonly minConfidence?: number;
  /**
   * Minimum shorter side of a face, in pixels of the picture. With a smaller face in it, the picture is not analysed
   * but reported as too coarse, so that the caller can send it larger. Default: no minimum.
   */
  readonly minFaceSide?: number;
  /** Whether to locate landmarks. */
  readonly landmarks: boolean;
  /** Whether to compute embeddings. */
  readonly embedding: boolean;
  /** The attributes to compute for each face. */
  readonly attributes: readonly AttributeName[];
}

/** One picture to analyse. */
export interface AnalysisJob {
  /** Its pixels are in shared memory. */
  readonly image: Image;
  readonly options: AnalysisOptions;
  /** A flag shared between the threads: 0 until the request no longer waits for the answer, then 1. */
  readonly abandoned?: Int32Array;
}

/** One request to a worker. */
export interface Task {
  /** The pictures, analysed together. */
  readonly jobs: readonly AnalysisJob[];
  /**
   * Whether the worker may return the faces of a single picture before it describes them, so that several workers can
   * share that work.
   */
  readonly mayShare?: boolean;
  /** The faces of the pictures, if they have already been found and only remain to be described. */
  readonly found?: FoundFaces;
}

/** A face that will be in the answer, with the results that finding it produced. */
export interface FoundFace extends Face {
  /** Confidence that it is a face, 0…1. */
  readonly confidence: number;
  /** In pixels of the picture. */
  readonly landmarks?: readonly Point[];
  /** The output of the model that gives the embedding. */
  readonly recognition?: Recognition;
  /** The output of the model that the attributes read; often the same one. */
  readonly trunk?: Recognition;
}

/** The faces of each picture of a batch, largest first, before they are described. */
export interface FoundFaces {
  readonly found: readonly (readonly FoundFace[])[];
  /** For each picture, whether it was not analysed because one of its faces is smaller than `minFaceSide`. */
  readonly tooCoarse: readonly boolean[];
  readonly times: StageTimes;
}

/** A picture whose faces have been found but not yet described. */
export interface FoundPicture {
  readonly faces: readonly FoundFace[];
  readonly times: StageTimes;
}

/** One face with all requested outputs, in pixels of the picture. */
export interface AnalysedFace {
  readonly box: Box;
  /** Confidence that it is a face, 0…1: the detector's score, or the rescored one if the detector was not certain. */
  readonly confidence: number;
  readonly landmarks?: readonly Point[];
  /** L2-normalised embedding, 512 numbers. */
  readonly embedding?: Float32Array;
  readonly attributes: Attributes;
}

/** The faces of each picture of a batch, largest first, and the time spent in each stage. */
export interface BatchResult {
  readonly faces: AnalysedFace[][];
  /** For each picture, whether it was not analysed because one of its faces is smaller than `minFaceSide`. */
  readonly tooCoarse: readonly boolean[];
  readonly times: StageTimes;
}

/** The outcome for one picture: its faces, largest first, or why there are none to return. */
export type Outcome =
  | { readonly kind: 'faces'; readonly faces: AnalysedFace[] }
  | { readonly kind: 'found'; readonly picture: FoundPicture }
  | { readonly kind: 'too_coarse' }
  | { readonly kind: 'failed'; readonly error: Error };

/** A worker's answer: the outcome for each picture of a batch, in order, and the time spent on all of them. */
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

/** Whether the request behind a job no longer waits for the answer. */
export function isAbandoned({ abandoned }: AnalysisJob): boolean {
  return abandoned !== undefined && Atomics.load(abandoned, 0) !== 0;
}

/** Milliseconds since 1970 with fractions, comparable between threads. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** The times when no work was done. */
export const NO_TIMES: StageTimes = { startedAt: Infinity, detect: 0, recognise: 0, attributes: 0 };

/** The answer for a single picture that failed. It keeps the parts of the error that can be sent to another thread. */
export function failedAnswer(cause: unknown): BatchAnswer {
  const error = new Error(messageOf(cause));
  if (cause instanceof Error) error.stack = cause.stack;
  return { outcomes: [{ kind: 'failed', error }], times: NO_TIMES };
}
