/** What a worker is given when it starts: the configuration, and its turn at the GPUs. */
import { threadId } from 'node:worker_threads';
import type { Config } from '../config/config.js';

/** The configuration, and shared memory in which each thread marks its place with its id; 0: free. */
export type WorkerData = Config & { readonly places: Int32Array };

/** For all workers of a pool alike. */
export function workerDataOf(config: Config): WorkerData {
  const gpus = config.cudaDeviceIds.length;
  const workers = Math.max(config.inferenceMinWorkers, config.inferenceMaxWorkers);
  // As many places at each GPU, and one round more for threads that start before others have quite ended.
  const length = (Math.ceil(workers / gpus) + 1) * gpus;
  const places = new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
  return { ...config, places };
}

/**
 * Takes the first free place for this thread. Neighbouring places belong to different GPUs, so that these fill evenly.
 * @returns the configuration of this thread, with its GPU as the only one
 */
export function claimGpu({ places, ...config }: WorkerData, id = threadId): Config {
  const gpus = config.cudaDeviceIds;
  const place = places.findIndex((_, index) => Atomics.compareExchange(places, index, 0, id) === 0);
  return { ...config, cudaDeviceIds: [gpus[Math.max(0, place) % gpus.length]] };
}

/** Frees the place of a thread that has ended. */
export function releaseGpu({ places }: WorkerData, id: number): void {
  for (const index of places.keys()) Atomics.compareExchange(places, index, id, 0);
}
