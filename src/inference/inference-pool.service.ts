/**
 * Starts and stops the worker threads, and takes pictures to be analysed by them. `Scheduler` decides which worker gets
 * what.
 */
import { once } from 'node:events';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { Image } from '../vision/image.js';
import type { AnalysisOptions } from '../worker/protocol.js';
import { letHeapsGrow } from './heaps.js';
import { type Analysis, PendingJob } from './pending-job.js';
import { Scheduler } from './scheduler.js';
import { startFailure, WorkerRuntimes } from './worker-runtimes.js';
import { WorkerThreads } from './worker-threads.js';

/** The state of the pool, for health checks and metrics. */
export interface PoolState {
  /** Worker threads that are alive. */
  readonly workers: number;
  /** Workers that have jobs, or help another worker with one. */
  readonly busy: number;
  /** Workers that have been starting, or busy with one task, for longer than any request waits. */
  readonly hung: number;
  /** Jobs that workers are analysing. */
  readonly running: number;
  /** Jobs that wait for a worker. */
  readonly queued: number;
  /** Workers that crashed since the service started; the pool replaced them. */
  readonly restarts: number;
  /** Milliseconds since a worker last answered; Infinity before the first answer. */
  readonly sinceAnswerMs: number;
  /** Why no worker is available, in a sentence fit for the public; undefined if one is. */
  readonly problem?: string;
}

/** How long a shutdown waits for workers after all requests have been answered. */
const STOP_PATIENCE_MS = 10_000;

@Injectable()
export class InferencePool implements OnModuleInit, OnApplicationShutdown {
  private readonly scheduler: Scheduler;
  /** Where the workers' models run: on the CPU or a GPU. */
  readonly runtimes = new WorkerRuntimes();

  constructor(
    config: Config,
    private readonly threads: WorkerThreads,
  ) {
    letHeapsGrow();
    threads.events.on('ready', (id, runtime) => this.runtimes.note(id, runtime));
    threads.events.on('ended', (id) => this.runtimes.forget(id));
    this.scheduler = new Scheduler(config, threads, () => this.runtimes.current.provider === 'cpu');
    process.on('exit', this.killAtExit);
  }

  /**
   * A process that exits normally ends its threads first. If one of them is inside a model run, the process would abort
   * and leave a core dump with people's pictures in it; if one hangs, the process would never exit.
   */
  private readonly killAtExit = (): void => {
    const { busy, size, warm } = this.threads;
    if (busy > 0 || size > warm) process.kill(process.pid, 'SIGKILL');
  };

  /**
   * Starts the first workers; resolves when they are warm.
   * @throws AppError `invalid_pack`, `invalid_configuration`
   */
  async onModuleInit(): Promise<void> {
    await this.threads.open().catch((error: unknown) => {
      throw startFailure(error);
    });
    this.scheduler.start();
  }

  /**
   * Stops the workers after the last request has been answered. A thread that is ended inside native code aborts the
   * whole process, so this waits for abandoned jobs and for threads that are still starting.
   */
  async onApplicationShutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'over'>((resolve) => {
      timer = setTimeout(resolve, STOP_PATIENCE_MS, 'over');
    });
    while (this.threads.busy + this.scheduler.waiting > 0) {
      if ((await Promise.race([once(this.threads.events, 'free'), patience])) === 'over') break;
    }
    if (await this.threads.close(patience)) process.off('exit', this.killAtExit);
    clearTimeout(timer);
    this.scheduler.refuseWaiting();
  }

  get state(): PoolState {
    const { size: workers, busy, hung, lost: restarts, problem } = this.threads;
    const { running, waiting: queued, sinceAnswerMs } = this.scheduler;
    return { workers, busy, hung, running, queued, restarts, sinceAnswerMs, problem };
  }

  /** Calls the listener with the number of pictures of each batch that a worker has answered. */
  onBatch(listener: (size: number) => void): void {
    this.scheduler.events.on('batch', listener);
  }

  /**
   * Analyses one picture, alone or in a batch with others that wait for a worker. Pixels that are not in shared memory
   * are copied there.
   * @param signal when it aborts, takes the job out of the queue or stops the worker before its next model; its reason
   *   is thrown
   * @param release called when no worker reads the pixels any more; never called if the worker crashed
   * @throws AppError `overloaded` if the queue is full or no worker is available, `worker_failed` if the analysis
   *   failed or crashed its worker
   */
  async analyze(
    image: Image,
    options: AnalysisOptions,
    signal: AbortSignal,
    release?: () => void,
  ): Promise<Analysis> {
    const job = new PendingJob(shared(image), options, signal, release);
    if (!signal.aborted) this.scheduler.add(job);
    return job.analysis;
  }
}

/** The image with its pixels in shared memory, copied there if they are not yet. */
function shared(image: Image): Image {
  if (image.data.buffer instanceof SharedArrayBuffer) return image;
  const data = new Uint8Array(new SharedArrayBuffer(image.data.byteLength));
  data.set(image.data);
  return { ...image, data };
}
