/**
 * The limit of the machine: what it could do if everything but decoding and the models were free. One thread per core, each with
 * its own sessions, decodes the whole picture with sharp and runs its graphs on ready-made tensors.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { availableCpus } from '../src/config/available-cpus.js';
import type { LimitResult, LimitTask } from './limit.worker.js';
import type { Picture } from './pictures.js';
import { sum } from './statistics.js';

export class Limit {
  private constructor(private readonly threads: readonly Worker[]) {}

  /** Starts the threads, which then wait for a task. */
  static async start(pictures: readonly Picture[]): Promise<Limit> {
    const file = new URL('./limit.worker.js', import.meta.url);
    const threads = Array.from({ length: availableCpus() }, () => new Worker(file, { workerData: pictures }));
    await Promise.all(threads.map((thread) => once(thread, 'message')));
    return new Limit(threads);
  }

  /** Pictures per second of all threads together. */
  async picturesPerSecond(picture: string, durationMs: number): Promise<number> {
    const results = await Promise.all(this.threads.map((thread) => ask(thread, { picture, durationMs })));
    return sum(results.map((result) => result.picturesPerSecond));
  }

  /** Milliseconds of each model run of a picture on one thread, while the others are idle. */
  async modelTimes(picture: string): Promise<Readonly<Record<string, number>>> {
    return (await ask(this.threads[0], { picture })).models;
  }

  async stop(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()));
  }
}

async function ask(thread: Worker, task: LimitTask): Promise<LimitResult> {
  const answered = once(thread, 'message') as Promise<[LimitResult]>;
  thread.postMessage(task);
  return (await answered)[0];
}
