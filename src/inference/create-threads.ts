/** Creates the pool's threads from the configuration. */
import type { Config } from '../config/config.js';
import type { WorkerData } from '../worker/protocol.js';
import { gpuSlots, releaseGpuSlot } from './gpu-slots.js';
import { WorkerThread } from './worker-thread.js';
import { WorkerThreads } from './worker-threads.js';

const ENTRY = new URL('../worker/inference.worker.js', import.meta.url);

/** How long a worker may go on after the deadline of its jobs before it counts as hung: a model run is much shorter. */
const HUNG_AFTER_DEADLINE_MS = 10_000;

/** The threads of the pool, none of them started yet: see `WorkerThreads.open`. */
export function createThreads(config: Config): WorkerThreads {
  const workerData: WorkerData = { config, gpuSlots: gpuSlots(config) };
  const threads = new WorkerThreads(
    {
      min: config.inferenceMinWorkers,
      max: Math.max(config.inferenceMinWorkers, config.inferenceMaxWorkers),
      idleTimeoutMs: config.inferenceIdleTimeoutMs,
      hungAfterMs: config.requestTimeoutMs + HUNG_AFTER_DEADLINE_MS,
    },
    (events) => new WorkerThread(ENTRY, workerData, events),
  );
  threads.events.on('ended', (id) => releaseGpuSlot(workerData.gpuSlots, id));
  return threads;
}
