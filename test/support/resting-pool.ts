/** Pools with real workers. A pool at rest is used for the next test too, because a worker takes a second to start. */
import { Config } from '../../src/config/config.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { createThreads } from '../../src/inference/create-threads.js';
import type { WorkerThreads } from '../../src/inference/worker-threads.js';
import { until } from './until.js';

/** A pool and the threads that it works with. */
export interface RestingPool {
  readonly pool: InferencePool;
  readonly threads: WorkerThreads;
}

let last: (RestingPool & { readonly settings: string }) | undefined;

/** A pool at rest with its minimum of workers: the last one, if it has these settings and was not stopped, or a new one. */
export async function poolWith(settings: Partial<Config>): Promise<RestingPool> {
  const config = Object.assign(new Config(), settings);
  const key = JSON.stringify(Object.entries(settings).sort());
  if (last?.settings === key && last.pool.state.workers > 0) {
    const { pool, threads } = last;
    await until(() => isAtRest(pool) && threads.warm === config.inferenceMinWorkers);
    return last;
  }
  await stopLast();
  const threads = createThreads(config);
  const pool = new InferencePool(config, threads);
  last = { pool, threads, settings: key };
  await pool.onModuleInit();
  return last;
}

/** For `afterAll`, and for a test that leaves its pool in a state that no other expects. */
export async function stopLast(): Promise<void> {
  await last?.pool.onApplicationShutdown();
  last = undefined;
}

function isAtRest({ state }: InferencePool): boolean {
  return state.busy === 0 && state.running === 0 && state.queued === 0;
}
