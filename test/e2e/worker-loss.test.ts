/**
 * A worker dies in the middle of its work, under load: its request is told so, the others do not notice, another worker
 * takes its place.
 *
 * A thread cannot be killed by a signal alone, and to end one from outside during a model run ends the process. So a
 * worker dies here as it would by a defect: of an exception that nobody catches, at the next turn of its event loop,
 * which comes between two models. Piscina's message handler throws it when it is sent no message at all.
 */
import { Logger } from '@nestjs/common';
import type { ProblemDto } from '../../src/http/problem.dto.js';
import { InferencePool } from '../../src/pipeline/inference-pool.service.js';
import { DETECT, postBytes, problemOf, sample, type Service, startService, until } from './support.js';

let service: Service;
let pool: InferencePool;
const log: string[] = [];

beforeAll(async () => {
  service = await startService({ inferenceMinWorkers: 2, inferenceMaxWorkers: 2 });
  pool = service.app.get(InferencePool);
  const note = (...lines: unknown[]): void => void log.push(lines.join('\n'));
  Logger.overrideLogger({ log: note, warn: note, error: note, fatal: note });
});
afterAll(() => service.app.close());

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
  // As many callers as workers: each job is alone with its worker.
  const callers = [call(), call()];
  const threads = (): unknown[] => [...pool['threads'].threads];
  let crashes = 0;
  // One that has just finished its job dies without harm: once more.
  while (problems.length === 0) {
    await until(() => pool.state.running === 2 && pool.state.workers === 2, 30_000);
    const [victim] = pool['threads'].threads;
    victim.postMessage(null);
    crashes++;
    await until(() => !threads().includes(victim) && pool.state.workers === 2, 30_000);
  }
  const before = answered;
  await until(() => answered >= before + 4, 30_000);
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
