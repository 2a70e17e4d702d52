/** A picture that somebody waits for, from the queue to its answer. */
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

/** How long a picture waited for a worker and spent in each of the worker's stages, in milliseconds, in order. */
export type AnalysisTimes = Readonly<Record<'queue' | 'detect' | 'recognise' | 'attributes', number>>;

/** The answer for one picture. */
export interface Analysis {
  readonly faces: AnalysedFace[];
  /** No faces, because one is below `minFaceSide`: decode the picture larger and ask again. */
  readonly tooCoarse: boolean;
  /** How many pictures went through the models together; the times below are those of all of them. */
  readonly batchSize: number;
  /** Where several workers shared the faces, the times of the search and of the slowest worker. */
  readonly times: AnalysisTimes;
}

/** A job in the queue or with a worker. */
export class PendingJob implements AnalysisJob {
  readonly abandoned = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly analysis: Promise<Analysis>;
  private readonly queuedAt = wallClock();
  private resolve!: (analysis: Analysis) => void;
  private reject!: (reason: unknown) => void;
  /** Whether a worker may be looking at the pixels. */
  private isHandedOver = false;
  private isReleased = false;

  /**
   * @param image its pixels are in shared memory
   * @param signal abandons the job when it aborts; its reason is what `analysis` rejects with
   * @param onRelease gives the memory of the pixels back
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

  /** Milliseconds since it came. */
  get waitedMs(): number {
    return wallClock() - this.queuedAt;
  }

  /** What a worker is sent. */
  get job(): AnalysisJob {
    const { image, options, abandoned } = this;
    return { image, options, abandoned };
  }

  /** From now on a worker may be looking at the pixels. */
  handOver(): void {
    this.isHandedOver = true;
  }

  /** No worker looks at the pixels any more. Never call it where a worker was lost: its thread may still be reading them. */
  release(): void {
    if (!this.isReleased) this.onRelease?.();
    this.isReleased = true;
  }

  /** Answers with what a worker said of it. */
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

  /** The analysis failed, or took its worker along. */
  fail(cause: unknown): void {
    this.reject(new AppError('worker_failed', 'The image could not be analysed.', {}, { cause }));
  }

  /** No worker gets to it. */
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
