/**
 * One worker thread, from its start to its end. It takes one task at a time. If it ends for any reason, its task
 * rejects.
 */
import { inspect } from 'node:util';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { RuntimeReport } from '../sessions/runtime-report.js';
import type { BatchAnswer, Task, WorkerMessage } from '../worker/protocol.js';

/** Callbacks of a thread. */
export interface ThreadEvents {
  /** Called when the thread is warm. */
  readonly ready: (runtime: RuntimeReport) => void;
  /** Called when the thread has ended. @param cause the error that ended it, or one with its exit code */
  readonly ended: (cause: Error) => void;
}

interface Pending {
  readonly resolve: (answer: BatchAnswer) => void;
  readonly reject: (cause: Error) => void;
}

export class WorkerThread {
  /** Node's id of the thread. */
  readonly id: number;
  readonly worker: Worker;
  /** Whether it is ready for tasks. */
  isWarm = false;
  /** Whether it was taken from the pool and not given back yet. */
  isTaken = false;
  hasEnded = false;
  /** Ends the thread after a long idle time. */
  idleTimer?: NodeJS.Timeout;
  /** When its start or its current task began (`performance.now()`); undefined if it is idle. */
  private since: number | undefined = performance.now();
  private pending?: Pending;

  /**
   * Starts a thread.
   * @throws Error if the system has no thread, memory or file descriptors for it
   */
  constructor(file: URL, workerData: unknown, events: ThreadEvents, resourceLimits?: ResourceLimits) {
    this.worker = new Worker(file, { workerData, resourceLimits, stdout: true, stderr: true });
    // Without this, Node pipes the worker's log, and the pipe ends for good at the first error of this process's
    // outputs.
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
    // Only now is it certain that the thread no longer reads the pixels of its task.
    this.worker.once('exit', (code) => {
      this.hasEnded = true;
      clearTimeout(this.idleTimer);
      const reason = cause ?? withoutStack(`The thread exited with code ${code}.`);
      const pending = this.finish();
      events.ended(reason);
      pending?.reject(reason);
    });
  }

  /** Milliseconds since its start or its current task began; 0 if it is idle. */
  get busyMs(): number {
    return this.since === undefined ? 0 : performance.now() - this.since;
  }

  /** Sends a task. Rejects if the thread ends before it answers. */
  ask(task: Task): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      if (this.hasEnded) throw new Error('The thread has ended.');
      this.worker.postMessage(task);
      // The process stays alive for busy threads, but not for idle ones.
      this.worker.ref();
      this.pending = { resolve, reject };
      this.since = performance.now();
    });
  }

  /**
   * Ends the thread. Call it only while it is idle: onnxruntime-node aborts the process if a thread ends during a run.
   */
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

/** The value that a thread threw, as an Error. Errors arrive as copies, for which `instanceof Error` can be false. */
function asError(thrown: unknown): Error {
  const isError = typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown;
  return isError
    ? (thrown as Error)
    : withoutStack(`It threw a value that is not an Error: ${inspect(thrown)}`);
}

/** An error without a stack: a stack of this file would say nothing about what happened in the thread. */
function withoutStack(message: string): Error {
  const error = new Error(message);
  delete error.stack;
  return error;
}
