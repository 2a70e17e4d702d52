/**
 * Decides which worker analyses which pictures, and when: a bounded queue, batches of what waits, workers that help with a
 * picture of several faces, and another try, alone, for the pictures of a batch that killed its worker.
 *
 * A waiting request can leave the queue. A worker stops the analysis of a request that has left at its next model: its
 * thread is never ended, as onnxruntime-node 1.30 aborts the whole process when a thread ends during a run.
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

/** The settings it follows. */
export type SchedulerSettings = Pick<
  Config,
  'inferenceMaxQueue' | 'inferenceMaxBatch' | 'inferenceBatchWaitMs'
>;

export class Scheduler {
  private readonly queue: JobQueue<PendingJob>;
  /** Jobs of a batch whose worker died; each of them is tried alone. */
  private readonly suspects: PendingJob[] = [];
  /** The jobs that each worker has. */
  private readonly inHand = new Map<WorkerThread, readonly PendingJob[]>();
  private readonly sharedAnalysis: SharedAnalysis;
  private batchTimer?: NodeJS.Timeout;
  private answeredAt = -Infinity;
  /** `batch`: a worker has answered a batch of so many pictures. */
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

  /** Jobs that workers have. */
  get running(): number {
    return [...this.inHand.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Jobs that wait for a worker. */
  get waiting(): number {
    return this.queue.length + this.suspects.length;
  }

  /** Milliseconds since a worker last answered; Infinity before the first answer. */
  get sinceAnswerMs(): number {
    return wallClock() - this.answeredAt;
  }

  /** The workers are ready, which proves as much as an answer. */
  start(): void {
    this.answeredAt = wallClock();
  }

  /** Queues a job, or refuses it with `overloaded` where too many wait or no worker can be had. */
  add(job: PendingJob): void {
    if (this.threads.problem !== undefined) return job.refuse(noWorkers());
    // Workers that only help do not turn others away.
    const startable = (this.threads.max - this.inHand.size) * this.settings.inferenceMaxBatch;
    if (!this.queue.push(job, startable)) return job.refuse(queueFull(this.queue.length));
    this.schedule();
  }

  /** Nobody waits for a worker that may never come. */
  refuseWaiting(): void {
    for (const job of [...this.suspects.splice(0), ...this.queue.take(this.queue.length)]) {
      job.refuse(noWorkers());
    }
  }

  /** Gives waiting jobs to the free workers, and asks for more workers where these are too few. */
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

  /** Whether the queue fills a batch, or its first job has waited long enough; otherwise a timer schedules again. */
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

  /** Spreads the queue evenly over the free workers; those that have yet to start count, too. */
  private dispatchQueue(): void {
    const free = Math.max(1, this.threads.max - this.threads.busy);
    const size = Math.min(this.settings.inferenceMaxBatch, Math.ceil(this.queue.length / free));
    while (this.queue.length > 0 && this.dispatch(() => this.queue.take(size)));
  }

  /** Has a worker analyse a batch; false when none is free. */
  private dispatch(takeBatch: () => readonly PendingJob[]): boolean {
    const thread = this.threads.take();
    if (thread === undefined) return false;
    const batch = takeBatch();
    this.inHand.set(thread, batch);
    for (const job of batch) job.handOver();
    void this.run(thread, batch).then(() => {
      this.inHand.delete(thread);
      this.threads.giveBack(thread);
    });
    return true;
  }

  /** Never rejects: the jobs are told what happens. */
  private async run(thread: WorkerThread, batch: readonly PendingJob[]): Promise<void> {
    const jobs = batch.map(({ job }) => job);
    try {
      const { outcomes, times } = await (batch.length > 1
        ? thread.ask({ jobs })
        : this.sharedAnalysis.analyze(thread, jobs[0]));
      this.answeredAt = wallClock();
      this.events.emit('batch', batch.length);
      for (const [index, job] of batch.entries()) job.settle(outcomes[index], times, batch.length);
      // Last, because anything that throws above leads to another run.
      for (const job of batch) job.release();
    } catch (error) {
      // Any one of a batch may have killed the worker: each is tried alone, so that the others do not pay for it.
      if (batch.length > 1) this.suspects.push(...batch);
      else batch[0].fail(error);
    }
  }
}

function noWorkers(): AppError {
  return overloaded('No worker can be had at the moment; try again later.', {}, { retryAfterSeconds: 5 });
}
