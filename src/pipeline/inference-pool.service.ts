/**
 * The hop: a bounded queue in front of worker threads that come and go with the load.
 *
 * Piscina keeps the threads. The queue is ours, because a waiting request must be able to leave it: Piscina can only
 * take back a task by ending the thread it may already run on, which is never safe: onnxruntime-node 1.30 aborts the
 * whole process when its thread ends during a run.
 */
import { EventEmitter, once } from 'node:events';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Piscina } from 'piscina';
import { Config } from '../config/config.js';
import type { Image } from '../vision/image.js';
import {
  type AnalysisJob,
  type AnalysisOptions,
  type BatchAnswer,
  type FoundPicture,
  type Task,
  wallClock,
} from './analysis.js';
import { failure } from './isolation.js';
import { JobQueue } from './job-queue.js';
import { type Analysis, type PendingJob, settle, workerFailed } from './pending-job.js';
import { deal, gather, isWorthSharing } from './sharing.js';
import { releaseGpu, workerDataOf } from './worker-data.js';
import { letHeapsGrow } from './heaps.js';
import { startFailure, WorkerRuntimes } from './worker-runtimes.js';

/** What the pool is doing. */
export interface PoolState {
  /** Worker threads alive. */
  readonly workers: number;
  /** Workers that have jobs, or help with one. */
  readonly busy: number;
  /** Jobs in the hands of workers. */
  readonly running: number;
  /** Jobs waiting for a worker. */
  readonly queued: number;
  /** Workers that were lost to a crash since the start, and replaced. */
  readonly restarts: number;
  /** Milliseconds since a worker last answered; Infinity before the first answer. */
  readonly sinceAnswerMs: number;
}

/** What a worker can do once it has started. */
const NOTHING: Task = { jobs: [] };

@Injectable()
export class InferencePool implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(InferencePool.name);
  private readonly queue: JobQueue<PendingJob>;
  private readonly threads: Piscina<Task, BatchAnswer>;
  /** Ids of the threads that have started. */
  private readonly warm = new Set<number>();
  /** Where the workers' models run. */
  readonly runtimes = new WorkerRuntimes();
  /** Jobs in the hands of workers, how many workers have some, and how many have some or help with one. */
  private running = 0;
  private occupied = 0;
  private busy = 0;
  /** Jobs that a worker may be looking at. */
  private readonly handedOver = new WeakSet<PendingJob>();
  private restarts = 0;
  private wait?: NodeJS.Timeout;
  private answeredAt = -Infinity;
  private readonly watched = new WeakSet<object>();
  /** `batch`: a worker has answered a batch of so many pictures; `free`: one has nothing to do any more. */
  readonly events = new EventEmitter<{ batch: [size: number]; free: [] }>();

  constructor(private readonly config: Config) {
    this.queue = new JobQueue(config.inferenceMaxQueue);
    const workerData = workerDataOf(config);
    letHeapsGrow();
    this.threads = new Piscina({
      filename: new URL('./inference.worker.js', import.meta.url).href,
      workerData,
      minThreads: config.inferenceMinWorkers,
      maxThreads: this.maxWorkers,
      idleTimeout: config.inferenceIdleTimeoutMs,
      recordTiming: false,
    });
    this.threads.on('workerCreate', ({ id }: { id: number }) => {
      this.warm.add(id);
      this.watch();
    });
    this.threads.on('workerDestroy', ({ id }: { id: number }) => {
      this.warm.delete(id);
      releaseGpu(workerData, id);
    });
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
    const started = Array.from({ length: this.config.inferenceMinWorkers }, () => this.threads.run(NOTHING));
    await Promise.all([...started, this.runtimes.known]).catch((error: unknown) => {
      throw startFailure(error);
    });
    this.answeredAt = wallClock();
  }

  /**
   * After the last request is answered. A thread that is ended inside native code takes the process with it, so jobs that
   * nobody waits for any more are awaited, and so are threads that start. Piscina waits for what runs, too, but takes one
   * worker that is done for all of them.
   */
  async onApplicationShutdown(): Promise<void> {
    while (this.busy > 0) await once(this.events, 'free');
    while (this.threads.threads.length > this.warm.size) {
      await Promise.race([once(this.threads, 'workerCreate'), once(this.threads, 'workerDestroy')]);
    }
    await this.threads.close();
  }

  get state(): PoolState {
    return {
      workers: this.threads.threads.length,
      busy: this.busy,
      running: this.running,
      queued: this.queue.length,
      restarts: this.restarts,
      sinceAnswerMs: wallClock() - this.answeredAt,
    };
  }

  /**
   * Analyses one picture, alone or together with others that wait for a worker. Pixels that are not in shared memory are
   * copied there.
   * @param signal takes the job out of the queue, or stops the worker at its next model, when it aborts; its reason is
   *   thrown
   * @param release called when no worker looks at the pixels any more; never where a worker was lost
   * @throws AppError `overloaded` when too many wait, `worker_failed` when the analysis failed or killed its worker
   */
  async analyze(
    image: Image,
    options: AnalysisOptions,
    signal: AbortSignal,
    release?: () => void,
  ): Promise<Analysis> {
    return new Promise((resolve, reject) => {
      const abandoned = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
      const queuedAt = wallClock();
      const job = { image: shared(image), options, abandoned, signal, queuedAt, release, resolve, reject };
      const abandon = (): void => {
        Atomics.store(abandoned, 0, 1);
        if (!this.handedOver.has(job)) release?.();
        reject(signal.reason as Error);
      };
      if (signal.aborted) return abandon();
      try {
        // Workers that only help do not turn others away.
        this.queue.push(job, (this.maxWorkers - this.occupied) * this.config.inferenceMaxBatch);
      } catch (error) {
        release?.();
        throw error;
      }
      signal.addEventListener('abort', abandon, { once: true });
      this.schedule();
    });
  }

  /** Counts crashes. Piscina tells of them only where no job was lost; a thread that is released ends without an error. */
  private watch(): void {
    for (const thread of this.threads.threads) {
      if (this.watched.has(thread)) continue;
      this.watched.add(thread);
      thread.once('error', () => this.restarts++);
    }
  }

  private get maxWorkers(): number {
    return Math.max(this.config.inferenceMinWorkers, this.config.inferenceMaxWorkers);
  }

  /** Shares what waits among the workers that are free, once it fills a batch or its first job has waited long enough. */
  private schedule(): void {
    const { inferenceMaxBatch, inferenceBatchWaitMs } = this.config;
    const free = this.maxWorkers - this.busy;
    if (free === 0 || this.queue.first === undefined) return;
    const patienceMs = this.queue.first.queuedAt + inferenceBatchWaitMs - wallClock();
    if (this.queue.length < inferenceMaxBatch && patienceMs > 0) {
      clearTimeout(this.wait);
      this.wait = setTimeout(() => this.schedule(), patienceMs);
      return;
    }
    const share = Math.min(inferenceMaxBatch, Math.ceil(this.queue.length / free));
    for (let i = 0; i < free && this.queue.length > 0; i++) void this.dispatch(this.queue.take(share));
  }

  private async dispatch(batch: readonly PendingJob[]): Promise<void> {
    this.busy++;
    this.occupied++;
    this.running += batch.length;
    for (const job of batch) this.handedOver.add(job);
    await this.run(batch);
    this.running -= batch.length;
    this.occupied--;
    this.setFree();
  }

  /** One worker more has nothing to do. */
  private setFree(): void {
    this.busy--;
    this.schedule();
    this.events.emit('free');
  }

  /** Has a worker analyse a batch. Never rejects: what happens is told to the jobs. */
  private async run(batch: readonly PendingJob[]): Promise<void> {
    const jobs = batch.map(({ image, options, abandoned }) => ({ image, options, abandoned }));
    try {
      const { outcomes, times } = await (batch.length > 1 ? this.ask({ jobs }) : this.analyzeAlone(jobs[0]));
      this.events.emit('batch', batch.length);
      for (const [index, job] of batch.entries()) settle(job, outcomes[index], times, batch.length);
      // Last of all: what throws before leads to another run.
      for (const { release } of batch) release?.();
    } catch (error) {
      if (batch.length === 1) return batch[0].reject(workerFailed(error));
      // One of them killed the worker, or none: each alone, so that the others do not pay for it.
      for (const job of batch) if (!job.signal.aborted) await this.run([job]);
    }
  }

  private async ask(task: Task): Promise<BatchAnswer> {
    const answer = await this.threads.run(task);
    this.answeredAt = wallClock();
    return answer;
  }

  /** Has a worker analyse one picture, and others that have nothing to do help it where it has several faces. */
  private async analyzeAlone(job: AnalysisJob): Promise<BatchAnswer> {
    const mayShare = isWorthSharing(job.options) && (this.helpers > 0 || this.mayGrow);
    const answer = await this.ask({ jobs: [job], mayShare });
    const [outcome] = answer.outcomes;
    return outcome.kind === 'found' ? this.share(job, outcome.picture) : answer;
  }

  /** Deals the faces of a picture out. Never rejects, and resolves when no worker reads the picture any more. */
  private async share(job: AnalysisJob, picture: FoundPicture): Promise<BatchAnswer> {
    const tasks = deal(job, picture, 1 + this.helpers);
    this.busy += tasks.length - 1;
    let working = tasks.length;
    const answers = tasks.map(async (task) => {
      const answer = await this.ask(task).catch(failure);
      // The last worker is free when the job is done.
      if (--working > 0) this.setFree();
      return answer;
    });
    if (tasks.length < picture.faces.length && this.mayGrow) this.grow();
    return gather(await Promise.all(answers));
  }

  /** Workers that could help with a picture now. */
  private get helpers(): number {
    return this.mayHelp ? Math.max(0, this.warm.size - this.busy) : 0;
  }

  /** Whether one more worker could be started, for pictures to come. One at a time: it takes as long as many pictures. */
  private get mayGrow(): boolean {
    const { length } = this.threads.threads;
    return this.mayHelp && length < this.maxWorkers && length === this.warm.size;
  }

  /** Not while somebody waits for a worker of his own, nor on a GPU, which is fast where it gets all faces at once. */
  private get mayHelp(): boolean {
    return this.queue.length === 0 && this.runtimes.current.provider === 'cpu';
  }

  /** Piscina starts a thread for a task that finds none idle. What goes wrong is told by its event. */
  private grow(): void {
    void this.threads.run(NOTHING).catch(() => undefined);
  }
}

/** Pixels that all threads see. */
function shared(image: Image): Image {
  if (image.data.buffer instanceof SharedArrayBuffer) return image;
  const data = new Uint8Array(new SharedArrayBuffer(image.data.byteLength));
  data.set(image.data);
  return { ...image, data };
}
