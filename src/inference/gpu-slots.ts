/**
 * Spreads the workers of a pool over the GPUs. A worker claims the first free slot when it starts (worker/gpu-slot.ts);
 * neighbouring slots belong to different GPUs, so the GPUs fill evenly.
 */
import type { Config } from '../config/config.js';

/**
 * The slots of a pool, in shared memory: each holds the id of the thread that claimed it, or 0 if it is free. There is
 * one for each worker, rounded up to the same number for each GPU, and one more for each GPU, because a thread may
 * start before the one it replaces has ended.
 */
export function gpuSlots(config: Config): Int32Array {
  const gpus = config.cudaDeviceIds.length;
  const workers = Math.max(config.inferenceMinWorkers, config.inferenceMaxWorkers);
  const length = (Math.ceil(workers / gpus) + 1) * gpus;
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}

/** Frees the slot of a thread that has ended. */
export function releaseGpuSlot(slots: Int32Array, threadId: number): void {
  for (const index of slots.keys()) Atomics.compareExchange(slots, index, threadId, 0);
}
