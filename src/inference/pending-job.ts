/** A picture that somebody waits for, and what ends the wait. */
import { AppError } from '../errors.js';
import type { AnalysedFace, AnalysisJob, Outcome, StageTimes } from '../worker/protocol.js';

/**
 * The answer for one picture. Times in milliseconds; where several workers shared its faces, those of the search and of
 * the slowest of them.
 */
export interface Analysis {
  readonly faces: AnalysedFace[];
  /** No faces, because one is below `minFaceSide`: decode the picture larger and ask again. */
  readonly tooCoarse: boolean;
  /** How many pictures went through the models together; the times below are those of all of them. */
  readonly batchSize: number;
  readonly queueMs: number;
  readonly detectMs: number;
  readonly recogniseMs: number;
  readonly attributesMs: number;
}

/** A job in the queue or with a worker. */
export interface PendingJob extends AnalysisJob {
  readonly signal: AbortSignal;
  /** Wall clock, in milliseconds. */
  readonly queuedAt: number;
  /** Gives the memory of the pixels back. */
  readonly release?: () => void;
  readonly resolve: (analysis: Analysis) => void;
  readonly reject: (reason: unknown) => void;
}

/** Tells a job what became of it. */
export function settle(
  { queuedAt, resolve, reject }: PendingJob,
  outcome: Outcome,
  times: StageTimes,
  batchSize: number,
): void {
  if (outcome.kind === 'failed') return reject(workerFailed(outcome.error));
  const { startedAt, detectMs, recogniseMs, attributesMs } = times;
  resolve({
    faces: outcome.kind === 'faces' ? outcome.faces : [],
    tooCoarse: outcome.kind === 'too_coarse',
    batchSize,
    queueMs: startedAt - queuedAt,
    detectMs,
    recogniseMs,
    attributesMs,
  });
}

/** What a caller is told of an analysis that failed, or that took its worker along. */
export function workerFailed(cause: unknown): AppError {
  return new AppError('worker_failed', 'The image could not be analysed.', {}, { cause });
}
