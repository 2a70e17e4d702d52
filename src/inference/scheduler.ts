/**
 * Decides which worker analyses which pictures, and when. Pictures wait in a bounded queue and are analysed in batches.
 * Idle workers help with a picture of several faces (`SharedAnalysis`). If a batch crashes its worker, each of its
 * pictures is tried once more, alone.
 *
 * A request whose caller has left leaves the queue. If a worker has it already, the worker stops before its next model;
 * the thread is not ended, because onnxruntime-node 1.30 aborts the whole process when a thread ends during a run.
 */
import { EventEmitter } from 'node:events';
import type { Config } from '../config/config.js';
import { type AppError, overloaded } from '../errors.js';
import { wallClock } from '../worker/protocol.js';
import { JobQueue, queueFull } from './job-queue.js';
import type { PendingJob } from './pending-job.js';
import { SharedAnalysis } from './shared-analysis.js';
import type { WorkerThread } from './worker-thread.js';
import type { WorkerThreads } from './worker-threads.js';

/** The settings that the scheduler uses. */
export type SchedulerSettings = Pick<
  Config,
  'inferenceMaxQueue' | 'inferenceMaxBatch' | 'inferenceBatchWaitMs'
>;

export class Scheduler {
  private readonly queue: JobQueue<PendingJob>;
  /** Jobs of batches that crashed their worker; each of them is tried alone. */
  private readonly suspects: PendingJob[] = [];
  /** The jobs that each worker is analysing. */
  private readonly assigned = new Map<WorkerThread, readonly PendingJob[]>();
  private readonly sharedAnalysis: SharedAnalysis;
  private batchTimer?: NodeJS.Timeout;
  private answeredAt = -Infinity;
  /** `batch`: a worker has answered a batch of `size` pictures. */
  readonly events = new EventEmitter<{ batch: [size: number] }>();

  /** @param isOnCpu whether models run on the CPU; a GPU is fastest when it gets all faces at once */
  constructor(
    private readonly settings: SchedulerSettings,
    private readonly threads: WorkerThreads,
    private readonly isOnCpu: () => boolean,
  ) {
    this.queue = new JobQueue(settings.inferenceMaxQueue);
    this.sharedAnalysis = new SharedAnalysis(threads, () => this.waiting === 0 && this.isOnCpu());
    threads.events.on('free', () => this.schedule());
    threads.events.on('none', () => this.refuseWaiting());
  }

  /** The number of jobs that workers are analysing. */
  get running(): number {
    return [...this.assigned.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The number of jobs that wait for a worker. */
  get waiting(): number {
    return this.queue.length + this.suspects.length;
  }

  /** Milliseconds since a worker last answered; Infinity before the first answer. */
  get sinceAnswerMs(): number {
    return wallClock() - this.answeredAt;
  }

  /** Call it when the first workers are ready; this counts as an answer in `sinceAnswerMs`. */
  start(): void {
    this.answeredAt = wallClock();
  }

  /** Queues a job, or refuses it with `overloaded` if the queue is full or no worker is available. */
  add(job: PendingJob): void {
    if (this.threads.problem !== undefined) return job.refuse(noWorkers());
    // Workers that only help with a picture count as free: they must not cause refusals.
    const startable = (this.threads.max - this.assigned.size) * this.settings.inferenceMaxBatch;
    if (!this.queue.push(job, startable)) return job.refuse(queueFull(this.queue.length));
    this.schedule();
  }

  /** Refuses all waiting jobs, because no worker may ever become available. */
  refuseWaiting(): void {
    for (const job of [...this.suspects.splice(0), ...this.queue.take(this.queue.length)]) {
      job.refuse(noWorkers());
    }
  }

  /** Gives waiting jobs to the free workers, and asks for more workers if there are too few. */
  private schedule(): void {
    this.retrySuspects();
    const isBatch = this.isBatchDue();
    if (isBatch) this.dispatchQueue();
    this.threads.ensure(this.threads.busy + this.suspects.length + (isBatch ? this.queue.length : 0));
  }

  private retrySuspects(): void {
    while (this.suspects.length > 0) {
      const [job] = this.suspects;
      if (job.signal.aborted) this.suspects.shift();
      else if (!this.dispatch(() => this.suspects.splice(0, 1))) return;
    }
  }

  /**
   * Whether the queue fills a batch or its first job has waited long enough; if not, sets a timer to schedule again.
   */
  private isBatchDue(): boolean {
    const { inferenceMaxBatch, inferenceBatchWaitMs } = this.settings;
    const { first } = this.queue;
    if (first === undefined) return false;
    const patienceMs = inferenceBatchWaitMs - first.waitedMs;
    if (this.queue.length >= inferenceMaxBatch || patienceMs <= 0) return true;
    clearTimeout(this.batchTimer);
    this.batchTimer = setTimeout(() => this.schedule(), patienceMs);
    return false;
  }

  /** Spreads the queue evenly over the free workers, counting those that may still be started. */
  private dispatchQueue(): void {
    const free = Math.max(1, this.threads.max - this.threads.busy);
    const size = Math.min(this.settings.inferenceMaxBatch, Math.ceil(this.queue.length / free));
    while (this.queue.length > 0 && this.dispatch(() => this.queue.take(size, isAlone)));
  }

  /** Gives a batch to a free worker; returns false if none is free. */
  private dispatch(takeBatch: () => readonly PendingJob[]): boolean {
    const thread = this.threads.take();
    if (thread === undefined) return false;
    const batch = takeBatch();
    this.assigned.set(thread, batch);
    for (const job of batch) job.handOver();
    void this.run(thread, batch).then(() => {
      this.assigned.delete(thread);
      this.threads.giveBack(thread);
    });
    return true;
  }

  /** Analyses a batch and settles its jobs. Never rejects. */
  private async run(thread: WorkerThread, batch: readonly PendingJob[]): Promise<void> {
    const jobs = batch.map(({ job }) => job);
    try {
      const { outcomes, times } = await (batch.length > 1
        ? thread.ask({ jobs })
        : this.sharedAnalysis.analyze(thread, jobs[0]));
      this.answeredAt = wallClock();
      this.events.emit('batch', batch.length);
      for (const [index, job] of batch.entries()) job.settle(outcomes[index], times, batch.length);
      // Last: if anything above throws, the jobs are tried again and still need their pixels.
      for (const job of batch) job.release();
    } catch (error) {
      // Any picture of the batch may have crashed the worker. Each is tried alone, so that only the faulty one fails.
      if (batch.length > 1) this.suspects.push(...batch);
      else batch[0].fail(error);
    }
  }
}

/** Whether a picture shares no batch: the others would wait for its thorough search, which may take seconds. */
function isAlone({ job }: PendingJob): boolean {
  return job.options.search === 'thorough';
}

function noWorkers(): AppError {
  return overloaded('No worker is available at the moment; try again later.', {}, { retryAfterSeconds: 5 });
}
