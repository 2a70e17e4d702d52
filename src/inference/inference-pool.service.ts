/**
 * The hop: a bounded queue in front of worker threads that come and go with the load.
 *
 * A waiting request can leave the queue. One in the hands of a worker stops it at its next model: its thread is never
 * ended, as onnxruntime-node 1.30 aborts the whole process when its thread ends during a run.
 */
import { EventEmitter, once } from 'node:events';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import type { Image } from '../vision/image.js';
import { type AnalysisOptions, wallClock, type WorkerData } from '../worker/protocol.js';
import { gpuSlots, releaseGpuSlot } from './gpu-slots.js';
import { letHeapsGrow } from './heaps.js';
import { Helpers } from './helpers.js';
import { JobQueue } from './job-queue.js';
import { type Analysis, type PendingJob, settle, workerFailed } from './pending-job.js';
import { startFailure, WorkerRuntimes } from './worker-runtimes.js';
import { WorkerThread } from './worker-thread.js';
import { WorkerThreads } from './worker-threads.js';

/** What the pool is doing. */
export interface PoolState {
  /** Worker threads alive. */
  readonly workers: number;
  /** Workers that have jobs, or help with one. */
  readonly busy: number;
  /** Workers that do not come back: from a job that nobody waits for any more, or from their start. */
  readonly hung: number;
  /** Jobs in the hands of workers. */
  readonly running: number;
  /** Jobs waiting for a worker. */
  readonly queued: number;
  /** Workers that were lost to a crash since the start, and replaced. */
  readonly restarts: number;
  /** Milliseconds since a worker last answered; Infinity before the first answer. */
  readonly sinceAnswerMs: number;
  /** Why no worker can be had, in a sentence for anyone; undefined when one can. */
  readonly problem?: string;
}

/** How long a worker may go on after the deadline of its jobs before it counts as hung: a model run is much shorter. */
const HUNG_AFTER_DEADLINE_MS = 10_000;
/** How long a stop waits for workers whose requests have all been answered. */
const STOP_PATIENCE_MS = 10_000;

@Injectable()
export class InferencePool implements OnModuleInit, OnApplicationShutdown {
  private readonly queue: JobQueue<PendingJob>;
  /** Jobs of a batch whose worker has died, each of which is tried alone. */
  private readonly suspects: PendingJob[] = [];
  private readonly threads: WorkerThreads;
  private readonly helpers: Helpers;
  /** The jobs in the hands of each worker. */
  private readonly inHand = new Map<WorkerThread, readonly PendingJob[]>();
  /** Jobs that a worker may be looking at. */
  private readonly handedOver = new WeakSet<PendingJob>();
  /** Where the workers' models run. */
  readonly runtimes = new WorkerRuntimes();
  private wait?: NodeJS.Timeout;
  private answeredAt = -Infinity;
  /** `batch`: a worker has answered a batch of so many pictures. */
  readonly events = new EventEmitter<{ batch: [size: number] }>();

  constructor(private readonly config: Config) {
    this.queue = new JobQueue(config.inferenceMaxQueue);
    const workerData: WorkerData = { config, gpuSlots: gpuSlots(config) };
    letHeapsGrow();
    const file = new URL('../worker/inference.worker.js', import.meta.url);
    const limits = {
      min: config.inferenceMinWorkers,
      max: this.maxWorkers,
      idleTimeoutMs: config.inferenceIdleTimeoutMs,
      hungAfterMs: config.requestTimeoutMs + HUNG_AFTER_DEADLINE_MS,
    };
    this.threads = new WorkerThreads(limits, (events) => new WorkerThread(file, workerData, events));
    this.helpers = new Helpers(this.threads, this.maxWorkers, () => this.mayHelp);
    this.threads.events.on('ready', (id, runtime) => this.runtimes.note(id, runtime));
    this.threads.events.on('ended', (id) => {
      this.runtimes.forget(id);
      releaseGpuSlot(workerData.gpuSlots, id);
    });
    this.threads.events.on('free', () => this.schedule());
    this.threads.events.on('none', () => this.refuseWaiting());
    process.on('exit', this.killAtExit);
  }

  /**
   * A process that exits by itself ends its threads. With one of them inside a model it would abort instead, and leave
   * a core with people's pictures in it; with one that hangs it would not exit at all.
   */
  private readonly killAtExit = (): void => {
    const { busy, size, warm } = this.threads;
    if (busy > 0 || size > warm) process.kill(process.pid, 'SIGKILL');
  };

  /**
   * Resolves when the first workers are warm.
   * @throws AppError `invalid_pack`, `invalid_configuration`
   */
  async onModuleInit(): Promise<void> {
    await this.threads.open().catch((error: unknown) => {
      throw startFailure(error);
    });
    this.answeredAt = wallClock();
  }

  /**
   * After the last request is answered. A thread that is ended inside native code takes the process with it, so jobs that
   * nobody waits for any more are awaited, and so are threads that start.
   */
  async onApplicationShutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'over'>((resolve) => {
      timer = setTimeout(resolve, STOP_PATIENCE_MS, 'over');
    });
    while (this.threads.busy + this.waiting > 0) {
      if ((await Promise.race([once(this.threads.events, 'free'), patience])) === 'over') break;
    }
    if (await this.threads.close(patience)) process.off('exit', this.killAtExit);
    clearTimeout(timer);
    this.refuseWaiting();
  }

  get state(): PoolState {
    const { size: workers, busy, hung, lost: restarts, problem } = this.threads;
    const running = [...this.inHand.values()].reduce((sum, { length }) => sum + length, 0);
    const sinceAnswerMs = wallClock() - this.answeredAt;
    return { workers, busy, hung, running, queued: this.waiting, restarts, sinceAnswerMs, problem };
  }

  /**
   * Analyses one picture, alone or together with others that wait for a worker. Pixels that are not in shared memory are
   * copied there.
   * @param signal takes the job out of the queue, or stops the worker at its next model, when it aborts; its reason is
   *   thrown
   * @param release called when no worker looks at the pixels any more; never where a worker was lost
   * @throws AppError `overloaded` when too many wait or no worker can be had, `worker_failed` when the analysis failed or killed its worker
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
        this.assertWorkers();
        // Workers that only help do not turn others away.
        this.queue.push(job, (this.maxWorkers - this.inHand.size) * this.config.inferenceMaxBatch);
      } catch (error) {
        release?.();
        throw error;
      }
      signal.addEventListener('abort', abandon, { once: true });
      this.schedule();
    });
  }

  private get maxWorkers(): number {
    return Math.max(this.config.inferenceMinWorkers, this.config.inferenceMaxWorkers);
  }

  /** Not while somebody waits for a worker of his own, nor on a GPU, which is fast where it gets all faces at once. */
  private get mayHelp(): boolean {
    return this.waiting === 0 && this.runtimes.current.provider === 'cpu';
  }

  private get waiting(): number {
    return this.queue.length + this.suspects.length;
  }

  /** @throws AppError `overloaded` */
  private assertWorkers(): void {
    if (this.threads.problem !== undefined) throw noWorkers();
  }

  /** Nobody waits for a worker that may never come. */
  private refuseWaiting(): void {
    for (const job of [...this.suspects.splice(0), ...this.queue.take(this.queue.length)]) {
      // Once: the abort that may follow finds it handed over.
      if (!this.handedOver.has(job)) job.release?.();
      this.handedOver.add(job);
      job.reject(noWorkers());
    }
  }

  /** Gives what waits to the workers that are free, and calls for more workers where these are too few. */
  private schedule(): void {
    this.retrySuspects();
    const isBatch = this.fillsBatch();
    if (isBatch) this.shareOut();
    this.threads.ensure(this.threads.busy + this.suspects.length + (isBatch ? this.queue.length : 0));
  }

  private retrySuspects(): void {
    while (this.suspects.length > 0) {
      const [job] = this.suspects;
      if (job.signal.aborted) this.suspects.shift();
      else if (!this.dispatch(() => this.suspects.splice(0, 1))) return;
    }
  }

  /** Whether what waits fills a batch, or its first job has waited long enough; else this is asked again when it has. */
  private fillsBatch(): boolean {
    const { inferenceMaxBatch, inferenceBatchWaitMs } = this.config;
    if (this.queue.first === undefined) return false;
    const patienceMs = this.queue.first.queuedAt + inferenceBatchWaitMs - wallClock();
    if (this.queue.length >= inferenceMaxBatch || patienceMs <= 0) return true;
    clearTimeout(this.wait);
    this.wait = setTimeout(() => this.schedule(), patienceMs);
    return false;
  }

  /** Workers that are yet to start get their share, too. */
  private shareOut(): void {
    const free = Math.max(1, this.maxWorkers - this.threads.busy);
    const share = Math.min(this.config.inferenceMaxBatch, Math.ceil(this.queue.length / free));
    while (this.queue.length > 0 && this.dispatch(() => this.queue.take(share)));
  }

  /** Has a worker analyse a batch; false when none is free. */
  private dispatch(takeBatch: () => readonly PendingJob[]): boolean {
    const thread = this.threads.take();
    if (thread === undefined) return false;
    const batch = takeBatch();
    this.inHand.set(thread, batch);
    for (const job of batch) this.handedOver.add(job);
    void this.run(thread, batch).then(() => {
      this.inHand.delete(thread);
      this.threads.giveBack(thread);
    });
    return true;
  }

  /** Never rejects: what happens is told to the jobs. */
  private async run(thread: WorkerThread, batch: readonly PendingJob[]): Promise<void> {
    const jobs = batch.map(({ image, options, abandoned }) => ({ image, options, abandoned }));
    try {
      const { outcomes, times } = await (batch.length > 1
        ? thread.ask({ jobs })
        : this.helpers.analyze(thread, jobs[0]));
      this.answeredAt = wallClock();
      this.events.emit('batch', batch.length);
      for (const [index, job] of batch.entries()) settle(job, outcomes[index], times, batch.length);
      // Last of all: what throws before leads to another run.
      for (const { release } of batch) release?.();
    } catch (error) {
      // One of a batch killed the worker, or none did: each alone, so that the others do not pay for it.
      if (batch.length > 1) this.suspects.push(...batch);
      else batch[0].reject(workerFailed(error));
    }
  }
}

function noWorkers(): AppError {
  return new AppError('overloaded', 'No worker can be had at the moment; try again later.', {
    retry_after_seconds: 5,
  });
}

/** Pixels that all threads see. */
function shared(image: Image): Image {
  if (image.data.buffer instanceof SharedArrayBuffer) return image;
  const data = new Uint8Array(new SharedArrayBuffer(image.data.byteLength));
  data.set(image.data);
  return { ...image, data };
}
