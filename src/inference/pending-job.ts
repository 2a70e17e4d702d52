/** A picture to analyse, from the queue to its answer. */
import { AppError } from '../errors.js';
import type { Image } from '../vision/image.js';
import {
  type AnalysedFace,
  type AnalysisJob,
  type AnalysisOptions,
  type Outcome,
  type StageTimes,
  wallClock,
} from '../worker/protocol.js';

/** Milliseconds that a picture waited for a worker and spent in each of the worker's stages, in order. */
export type AnalysisTimes = Readonly<Record<'queue' | 'detect' | 'recognise' | 'attributes', number>>;

/** The answer for one picture. */
export interface Analysis {
  /** Largest first. */
  readonly faces: AnalysedFace[];
  /**
   * Whether `faces` is empty because one is smaller than `minFaceSide`: decode the picture larger and analyse it again.
   */
  readonly tooCoarse: boolean;
  /** The number of pictures that went through the models together; `times` covers all of them. */
  readonly batchSize: number;
  /** If several workers shared the faces: the times of detection and of the slowest worker. */
  readonly times: AnalysisTimes;
}

/** A job in the queue or with a worker. */
export class PendingJob implements AnalysisJob {
  readonly abandoned = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly analysis: Promise<Analysis>;
  private readonly queuedAt = wallClock();
  private resolve!: (analysis: Analysis) => void;
  private reject!: (reason: unknown) => void;
  /** Whether a worker may be reading the pixels. */
  private isHandedOver = false;
  private isReleased = false;

  /**
   * @param image its pixels are in shared memory
   * @param signal abandons the job when it aborts; its reason is what `analysis` rejects with
   * @param onRelease called when the memory of the pixels is no longer needed
   */
  constructor(
    readonly image: Image,
    readonly options: AnalysisOptions,
    readonly signal: AbortSignal,
    private readonly onRelease?: () => void,
  ) {
    this.analysis = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    if (signal.aborted) this.abandon();
    else signal.addEventListener('abort', () => this.abandon(), { once: true });
  }

  /** Milliseconds since the job was created. */
  get waitedMs(): number {
    return wallClock() - this.queuedAt;
  }

  /** The part of the job that is sent to a worker. */
  get job(): AnalysisJob {
    const { image, options, abandoned } = this;
    return { image, options, abandoned };
  }

  /** Notes that from now on a worker may be reading the pixels. */
  handOver(): void {
    this.isHandedOver = true;
  }

  /**
   * Releases the pixels. Call it only when no worker reads them; after a crash, its thread may still be reading them.
   */
  release(): void {
    if (!this.isReleased) this.onRelease?.();
    this.isReleased = true;
  }

  /** Answers with the outcome from a worker. */
  settle(
    outcome: Outcome,
    { startedAt, detect, recognise, attributes }: StageTimes,
    batchSize: number,
  ): void {
    if (outcome.kind === 'failed') return this.fail(outcome.error);
    this.resolve({
      faces: outcome.kind === 'faces' ? outcome.faces : [],
      tooCoarse: outcome.kind === 'too_coarse',
      batchSize,
      times: { queue: startedAt - this.queuedAt, detect, recognise, attributes },
    });
  }

  /** Rejects, because the analysis failed or crashed its worker. */
  fail(cause: unknown): void {
    this.reject(new AppError('worker_failed', 'The image could not be analysed.', {}, { cause }));
  }

  /** Rejects a job that no worker will analyse. */
  refuse(error: AppError): void {
    if (!this.isHandedOver) this.release();
    this.reject(error);
  }

  private abandon(): void {
    Atomics.store(this.abandoned, 0, 1);
    if (!this.isHandedOver) this.release();
    this.reject(this.signal.reason);
  }
}
