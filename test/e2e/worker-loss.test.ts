/**
 * Workers die under load, in the middle of their work. Their requests fail, the others do not notice, and other workers take
 * their place. If none can be started, the service says so, refuses requests, and recovers by itself.
 *
 * A signal cannot kill a single thread, and ending one from outside during a model run ends the process. So a worker dies here as
 * it would from a bug: from an uncaught exception at the next turn of its event loop, which comes between two model runs. Its
 * message handler throws one when it is sent no task.
 */
import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import type { ProblemDto } from '../../src/http/problems/problem.dto.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { WorkerThreads } from '../../src/inference/worker-threads.js';
import { sample } from '../fixtures/pictures.js';
import { DETECT, postBytes, problemOf, type Service, startService } from '../support/service.js';
import { until } from '../support/until.js';

let service: Service;
let pool: InferencePool;
let threads: WorkerThreads;
const log: string[] = [];
/** A folder with the models, which can be removed. */
const folder = mkdtempSync(join(tmpdir(), 'worker-loss-'));
const modelsDir = join(folder, 'models');
symlinkSync(resolve('models'), modelsDir);

beforeAll(async () => {
  service = await startService({ inferenceMinWorkers: 2, inferenceMaxWorkers: 2, modelsDir });
  pool = service.app.get(InferencePool);
  threads = service.app.get(WorkerThreads, { strict: false });
  const note = (...lines: unknown[]): void => void log.push(lines.join('\n'));
  Logger.overrideLogger({ log: note, warn: note, error: note, fatal: note });
});
afterAll(async () => {
  await service.app.close();
  rmSync(folder, { recursive: true });
});

test('one request answers 500 with an id that is in the log, all others 200, and the pool is whole again', async () => {
  const picture = sample(3);
  let answered = 0;
  let over = false;
  const problems: ProblemDto[] = [];
  const call = async (): Promise<void> => {
    while (!over) {
      const response = await postBytes(service, DETECT, picture);
      if (response.status === 200) {
        expect(((await response.json()) as { faces: unknown[] }).faces).toHaveLength(3);
        answered++;
      } else problems.push(await problemOf(response));
    }
  };
  // As many callers as workers, so that each job has a worker to itself.
  const callers = [call(), call()];
  let crashes = 0;
  // A worker that has just finished its job dies without harm, so repeat.
  while (problems.length === 0) {
    await until(() => pool.state.running === 2 && pool.state.workers === 2);
    const [victim] = threads.threads;
    victim.postMessage(null);
    crashes++;
    await until(() => !threads.threads.includes(victim) && pool.state.workers === 2);
  }
  const before = answered;
  await until(() => answered >= before + 4);
  over = true;
  await Promise.all(callers);

  expect(problems.length).toBeLessThanOrEqual(crashes);
  for (const problem of problems) {
    expect(problem).toMatchObject({ status: 500, code: 'worker_failed' });
    expect(problem.detail).toContain(problem.request_id);
    expect(log.join('\n')).toContain(problem.request_id);
  }
  expect(pool.state).toMatchObject({ workers: 2, running: 0, queued: 0 });
  expect((await fetch(`${service.url}/-/healthz`)).status).toBe(200);
});

test('all workers die while none can be started: every request is answered, readiness says why, and it recovers', async () => {
  const readiness = async (): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${service.url}/-/readyz`);
    return { status: response.status, text: await response.text() };
  };
  log.length = 0;
  const calls = Array.from({ length: 12 }, () => postBytes(service, DETECT, sample(3)));
  await until(() => pool.state.running > 2);
  renameSync(modelsDir, `${modelsDir}-away`);
  for (const thread of threads.threads) thread.postMessage(null);
  for (const response of await Promise.all(calls)) {
    if (response.status === 200) continue;
    const problem = await problemOf(response);
    expect([`500 worker_failed`, `503 overloaded`]).toContain(`${problem.status} ${problem.code}`);
    if (problem.status === 503) expect(response.headers.get('retry-after')).toMatch(/^[15]$/);
  }
  // After several attempts, nothing is held, and a new request does not have to wait.
  await until(() => log.filter((line) => line.includes('A worker could not be started')).length >= 3);
  expect(log.join('\n')).toContain('There are no models: the folder');
  expect(pool.state).toMatchObject({ running: 0, queued: 0, busy: 0 });
  await until(async () => (await readiness()).status === 503);
  expect((await readiness()).text).toMatch(/No worker (can be started|responds)/);
  expect((await readiness()).text).not.toMatch(/models/);
  expect((await postBytes(service, DETECT, sample(3))).status).toBe(503);
  expect((await fetch(`${service.url}/-/livez`)).status).toBe(200);

  renameSync(`${modelsDir}-away`, modelsDir);
  await until(() => pool.state.workers === 2 && pool.state.problem === undefined);
  await until(async () => (await readiness()).status === 200);
  expect(log.join('\n')).toContain('Workers can be started again.');
  expect((await postBytes(service, DETECT, sample(3))).status).toBe(200);
});
