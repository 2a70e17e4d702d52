/** Gives a worker thread its GPU; inference/gpu-slots.ts explains the slots. */
import { threadId } from 'node:worker_threads';
import type { Config } from '../config/config.js';
import type { WorkerData } from './protocol.js';

/** Claims the first free slot for this thread. Returns the thread's configuration, with its GPU as the only one. */
export function claimGpuSlot({ gpuSlots, config }: WorkerData, id = threadId): Config {
  const gpus = config.cudaDeviceIds;
  const slot = gpuSlots.findIndex((_, index) => Atomics.compareExchange(gpuSlots, index, 0, id) === 0);
  return { ...config, cudaDeviceIds: [gpus[Math.max(0, slot) % gpus.length]] };
}
