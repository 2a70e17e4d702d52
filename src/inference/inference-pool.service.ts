/** The main thread's side of the hop: workers that come and go with the load, and the pictures that they analyse. */
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

/** What the pool is doing. */
export interface PoolState {
  /** Worker threads alive. */
  readonly workers: number;
  /** Workers that have jobs, or help with one. */
  readonly busy: number;
  /** Workers that do not come back: from a job that nobody waits for any more, or from their start. */
  readonly hung: number;
  /** Jobs that workers have. */
  readonly running: number;
  /** Jobs that wait for a worker. */
  readonly queued: number;
  /** Workers that were lost to a crash since the start, and replaced. */
  readonly restarts: number;
  /** Milliseconds since a worker last answered; Infinity before the first answer. */
  readonly sinceAnswerMs: number;
  /** Why no worker can be had, in a sentence for anyone; undefined when one can. */
  readonly problem?: string;
}

/** How long a stop waits for workers whose requests have all been answered. */
const STOP_PATIENCE_MS = 10_000;

@Injectable()
export class InferencePool implements OnModuleInit, OnApplicationShutdown {
  private readonly scheduler: Scheduler;
  /** Where the workers' models run. */
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
   * A process that exits by itself ends its threads. With one of them inside a model it would abort instead, and leave
   * a core dump with people's pictures in it; with one that hangs it would not exit at all.
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
    this.scheduler.start();
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

  /** Calls back with the number of pictures of each batch that a worker has answered. */
  onBatch(listener: (size: number) => void): void {
    this.scheduler.events.on('batch', listener);
  }

  /**
   * Analyses one picture, alone or together with others that wait for a worker. Pixels that are not in shared memory are
   * copied there.
   * @param signal takes the job out of the queue, or stops the worker at its next model, when it aborts; its reason is
   *   thrown
   * @param release called when no worker looks at the pixels any more; never where a worker was lost
   * @throws AppError `overloaded` when too many wait or no worker can be had, `worker_failed` when the analysis failed or
   *   killed its worker
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

/** Pixels that all threads see. */
function shared(image: Image): Image {
  if (image.data.buffer instanceof SharedArrayBuffer) return image;
  const data = new Uint8Array(new SharedArrayBuffer(image.data.byteLength));
  data.set(image.data);
  return { ...image, data };
}
