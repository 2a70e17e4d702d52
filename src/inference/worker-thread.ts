/** One worker thread, from its start to its end. It takes one task at a time; whatever ends it, its task is settled. */
import { inspect } from 'node:util';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { RuntimeReport } from '../sessions/runtime-report.js';
import type { BatchAnswer, Task, WorkerMessage } from '../worker/protocol.js';

/** What happens to a thread, told at once. */
export interface ThreadEvents {
  readonly ready: (runtime: RuntimeReport) => void;
  /** @param cause what ended it; a thread may also end without an error of its own */
  readonly ended: (cause: Error) => void;
}

interface Pending {
  readonly resolve: (answer: BatchAnswer) => void;
  readonly reject: (cause: Error) => void;
}

export class WorkerThread {
  /** The number Node gives it. */
  readonly id: number;
  readonly worker: Worker;
  /** Whether it may be asked. */
  isWarm = false;
  /** Whether its pool has something for it to do. */
  isTaken = false;
  hasEnded = false;
  /** Ends it when it has had nothing to do for long. */
  idleTimer?: NodeJS.Timeout;
  /** Since when it has been starting or at its present task, as `performance.now()` tells it. */
  private since: number | undefined = performance.now();
  private pending?: Pending;

  /**
   * Starts a thread.
   * @throws Error when the system has no thread, memory or file descriptors for it
   */
  constructor(file: URL, workerData: unknown, events: ThreadEvents, resourceLimits?: ResourceLimits) {
    this.worker = new Worker(file, { workerData, resourceLimits, stdout: true, stderr: true });
    // Node would hand its log on by pipes that end for good at the first error of this process's outputs.
    this.worker.stdout.on('data', (chunk: Buffer) => process.stdout.write(chunk));
    this.worker.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    this.id = this.worker.threadId;
    let cause: Error | undefined;
    this.worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'answer') return this.finish()?.resolve(message.answer);
      this.isWarm = true;
      this.finish();
      events.ready(message.runtime);
    });
    this.worker.on('messageerror', (error: Error) => this.finish()?.reject(error));
    this.worker.on('error', (error: unknown) => {
      cause = asError(error);
    });
    // Only now does it no longer look at the pixels it was given.
    this.worker.once('exit', (code) => {
      this.hasEnded = true;
      clearTimeout(this.idleTimer);
      const reason = cause ?? withoutStack(`The thread ended by itself, with code ${code}.`);
      const pending = this.finish();
      events.ended(reason);
      pending?.reject(reason);
    });
  }

  /** How long it has been starting, or at its present task; 0 when it has nothing to do. */
  get busyMs(): number {
    return this.since === undefined ? 0 : performance.now() - this.since;
  }

  /** Rejects when the thread ends before it has answered. */
  ask(task: Task): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      if (this.hasEnded) throw new Error('The thread has ended.');
      this.worker.postMessage(task);
      // A process waits for threads that work, not for those that could.
      this.worker.ref();
      this.pending = { resolve, reject };
      this.since = performance.now();
    });
  }

  /** Ends it. Call it only while it does nothing: onnxruntime-node aborts the process when its thread ends during a run. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private finish(): Pending | undefined {
    const { pending } = this;
    this.pending = undefined;
    this.since = undefined;
    this.worker.unref();
    return pending;
  }
}

/** What a thread threw. Errors come out of it as copies that not every check takes for errors. */
function asError(thrown: unknown): Error {
  const isError = typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown;
  return isError ? (thrown as Error) : withoutStack(`It threw what is no error: ${inspect(thrown)}`);
}

/** The stack of this file would tell nothing of what happened in the thread. */
function withoutStack(message: string): Error {
  const error = new Error(message);
  delete error.stack;
  return error;
}
