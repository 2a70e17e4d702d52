/**
 * The hop: a bounded queue in front of worker threads that come and go with the load.
 *
 * Piscina keeps the threads. The queue is ours, because a waiting request must be able to leave it: Piscina can only
 * take back a task by ending the thread it may already run on, which is never safe: onnxruntime-node 1.30 aborts the
 * whole process when its thread ends during a run.
 */
import { once } from 'node:events';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Piscina } from 'piscina';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import type { Image } from '../vision/image.js';
import {
  type AnalysedFace,
  type AnalysisJob,
  type AnalysisOptions,
  type BatchResult,
  wallClock,
} from './analysis.js';
import { JobQueue } from './job-queue.js';
import { releaseGpu, workerDataOf } from './worker-data.js';
import { startFailure, WorkerRuntimes } from './worker-runtimes.js';

/** The answer for one picture. Times in milliseconds. */
export interface Analysis {
  readonly faces: AnalysedFace[];
  readonly queueMs: number;
  readonly detectMs: number;
  readonly recogniseMs: number;
  readonly attributesMs: number;
}

/** What the pool is doing. */
export interface PoolState {
  /** Worker threads alive. */
  readonly workers: number;
  /** Jobs in the hands of workers. */
  readonly running: number;
  /** Jobs waiting for a worker. */
  readonly queued: number;
  /** Milliseconds since a worker last answered; Infinity before the first answer. */
  readonly sinceAnswerMs: number;
}

interface PendingJob extends AnalysisJob {
  readonly signal: AbortSignal;
  readonly queuedAt: number;
  readonly resolve: (analysis: Analysis) => void;
  readonly reject: (reason: unknown) => void;
}

@Injectable()
export class InferencePool implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(InferencePool.name);
  private readonly queue: JobQueue<PendingJob>;
  private readonly threads: Piscina<AnalysisJob[], BatchResult>;
  /** Ids of the threads that have started. */
  private readonly warm = new Set<number>();
  /** Where the workers' models run. */
  readonly runtimes = new WorkerRuntimes();
  private running = 0;
  private answeredAt = -Infinity;

  constructor(private readonly config: Config) {
    this.queue = new JobQueue(config.inferenceMaxQueue);
    const workerData = workerDataOf(config);
    this.threads = new Piscina({
      filename: new URL('./inference.worker.js', import.meta.url).href,
      workerData,
      minThreads: config.inferenceMinWorkers,
      maxThreads: this.maxWorkers,
      idleTimeout: config.inferenceIdleTimeoutMs,
      recordTiming: false,
    });
    this.threads.on('workerCreate', ({ id }: { id: number }) => this.warm.add(id));
    this.threads.on('workerDestroy', ({ id }: { id: number }) => this.warm.delete(id));
    this.threads.on('workerDestroy', ({ id }: { id: number }) => releaseGpu(workerData, id));
    this.runtimes.listen(this.threads);
    this.threads.on('error', (error: Error) =>
      this.logger.error(`A worker failed: ${error.message}`, error.stack),
    );
  }

  /**
   * Resolves when the first workers are warm.
   * @throws AppError `invalid_pack`, `invalid_configuration`
   */
  async onModuleInit(): Promise<void> {
    const started = Array.from({ length: this.config.inferenceMinWorkers }, () => this.threads.run([]));
    await Promise.all([...started, this.runtimes.known]).catch((error: unknown) => {
      throw startFailure(error);
    });
    this.answeredAt = wallClock();
  }

  /**
   * After the last request is answered. A thread that is ended inside native code takes the process with it, so
   * threads that start are awaited, and so are jobs that nobody waits for any more.
   */
  async onApplicationShutdown(): Promise<void> {
    while (this.threads.threads.length > this.warm.size) {
      await Promise.race([once(this.threads, 'workerCreate'), once(this.threads, 'workerDestroy')]);
    }
    await this.threads.close();
  }

  get state(): PoolState {
    return {
      workers: this.threads.threads.length,
      running: this.running,
      queued: this.queue.length,
      sinceAnswerMs: wallClock() - this.answeredAt,
    };
  }

  /**
   * Refuses early: call before any work is spent on a request that the queue has no room for.
   * @throws AppError `overloaded`
   */
  assertRoom(): void {
    if (this.running >= this.maxWorkers) this.queue.assertRoom();
  }

  /**
   * Analyses one picture. Its pixels are transferred to a worker: the image cannot be used afterwards.
   * @param signal takes the job out of the queue, or stops the worker at its next model, when it aborts; its reason is
   *   thrown
   * @throws AppError `overloaded` when too many wait, `worker_failed` when the worker died of the job
   */
  async analyze(image: Image, options: AnalysisOptions, signal: AbortSignal): Promise<Analysis> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abandoned = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
      const abandon = (): void => {
        Atomics.store(abandoned, 0, 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abandon, { once: true });
      const job = { image, options, abandoned, signal, queuedAt: wallClock(), resolve, reject };
      if (this.running < this.maxWorkers) void this.dispatch(job);
      else this.queue.push(job);
    });
  }

  private get maxWorkers(): number {
    return Math.max(this.config.inferenceMinWorkers, this.config.inferenceMaxWorkers);
  }

  /** Hands a job to a worker, and the next one as soon as it is done. */
  private async dispatch({
    image,
    options,
    abandoned,
    queuedAt,
    resolve,
    reject,
  }: PendingJob): Promise<void> {
    this.running++;
    try {
      const { faces, times } = await this.threads.run([{ image, options, abandoned }], {
        transferList: [image.data.buffer as ArrayBuffer],
      });
      this.answeredAt = wallClock();
      const { startedAt, detectMs, recogniseMs, attributesMs } = times;
      resolve({ faces: faces[0], queueMs: startedAt - queuedAt, detectMs, recogniseMs, attributesMs });
    } catch (error) {
      reject(new AppError('worker_failed', 'The image could not be analysed.', {}, { cause: error }));
    } finally {
      this.running--;
      const next = this.queue.shift();
      if (next !== undefined) void this.dispatch(next);
    }
  }
}
