/** One worker thread, from its start to its end. It takes one task at a time. Its task is settled however the thread ends. */
import { inspect } from 'node:util';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { RuntimeReport } from '../sessions/runtime-report.js';
import type { BatchAnswer, Task, WorkerMessage } from '../worker/protocol.js';

/** Callbacks for what happens to a thread. */
export interface ThreadEvents {
  readonly ready: (runtime: RuntimeReport) => void;
  /** @param cause why it ended; a thread that ended without an error gets one that says so */
  readonly ended: (cause: Error) => void;
}

interface Pending {
  readonly resolve: (answer: BatchAnswer) => void;
  readonly reject: (cause: Error) => void;
}

export class WorkerThread {
  /** Node's thread id. */
  readonly id: number;
  readonly worker: Worker;
  /** Whether it has loaded its models and can take tasks. */
  isWarm = false;
  /** Whether its pool has reserved it for tasks. */
  isTaken = false;
  hasEnded = false;
  /** Ends the thread after a long idle time. */
  idleTimer?: NodeJS.Timeout;
  /** When its start or its present task began, by `performance.now()`; undefined while it is idle. */
  private since: number | undefined = performance.now();
  private pending?: Pending;

  /**
   * Starts a thread.
   * @throws Error when the system has no thread, memory or file descriptors for it
   */
  constructor(file: URL, workerData: unknown, events: ThreadEvents, resourceLimits?: ResourceLimits) {
    this.worker = new Worker(file, { workerData, resourceLimits, stdout: true, stderr: true });
    // Node's own pipes for a thread's output would stop for good at the first error of this process's output.
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
    // Until now it may have been reading the pixels of its task.
    this.worker.once('exit', (code) => {
      this.hasEnded = true;
      clearTimeout(this.idleTimer);
      const reason = cause ?? withoutStack(`The thread ended by itself, with code ${code}.`);
      const pending = this.finish();
      events.ended(reason);
      pending?.reject(reason);
    });
  }

  /** Milliseconds since its start or its present task began; 0 while it is idle. */
  get busyMs(): number {
    return this.since === undefined ? 0 : performance.now() - this.since;
  }

  /** Resolves to the answer to a task; rejects if the thread ends first. */
  ask(task: Task): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      if (this.hasEnded) throw new Error('The thread has ended.');
      this.worker.postMessage(task);
      // Only a thread with a task keeps the process alive.
      this.worker.ref();
      this.pending = { resolve, reject };
      this.since = performance.now();
    });
  }

  /** Ends the thread. Call it only while the thread is idle: onnxruntime-node aborts the process if its thread ends during a run. */
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

/** What a thread threw, as an Error. Errors arrive as copies, which `instanceof` may not recognise. */
function asError(thrown: unknown): Error {
  const isError = typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown;
  return isError ? (thrown as Error) : withoutStack(`It threw what is no error: ${inspect(thrown)}`);
}

/** An error without a stack: the stack of this file would say nothing about the thread. */
function withoutStack(message: string): Error {
  const error = new Error(message);
  delete error.stack;
  return error;
}
