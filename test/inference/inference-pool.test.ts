/** The pool with real workers: it grows and shrinks, refuses, gives up at the deadline, and survives the loss of a worker. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import sharp from 'sharp';
import { Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import type { AnalysisOptions } from '../../src/worker/protocol.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { createThreads } from '../../src/inference/create-threads.js';
import { WorkerThread } from '../../src/inference/worker-thread.js';
import type { WorkerThreads } from '../../src/inference/worker-threads.js';
import type { Analysis } from '../../src/inference/pending-job.js';
import type { Image } from '../../src/vision/image.js';
import { sample } from '../fixtures/pictures.js';
import { until } from '../support/until.js';
import { poolWith, stopLast } from '../support/resting-pool.js';
import { patient } from '../support/refusals.js';

const EVERYTHING: AnalysisOptions = {
  landmarks: true,
  embedding: true,
  attributes: ['pose', 'quality', 'liveness'],
};
let pool: InferencePool;
let threads: WorkerThreads;

Logger.overrideLogger(false); // workers are lost here on purpose, and each loss is logged

async function start(settings: Partial<Config>): Promise<void> {
  ({ pool, threads } = await poolWith(settings));
}
afterAll(stopLast);

let picture: Image;
beforeAll(async () => {
  const { data, info } = await sharp(sample(3)).resize(960).raw().toBuffer({ resolveWithObject: true });
  picture = { width: info.width, height: info.height, data: Uint8Array.from(data) };
});

/** Three faces: enough to keep a worker busy for a tenth of a second. The pool takes the pixels away, so each call has its own. */
const people = (): Image => ({ ...picture, data: picture.data.slice() });

/** Nine times these three, in rows of three: work for half a second. */
function crowd(): Image {
  const { width, height, data } = picture;
  const [row, side] = [width * 3, 3];
  const copies = new Uint8Array(data.length * side * side);
  for (let y = 0, at = 0; y < height * side; y++) {
    const line = data.subarray((y % height) * row, ((y % height) + 1) * row);
    for (let copy = 0; copy < side; copy++, at += row) copies.set(line, at);
  }
  return { width: width * side, height: height * side, data: copies };
}

const analyze = (signal: AbortSignal = patient): Promise<Analysis> =>
  pool.analyze(people(), EVERYTHING, signal);

/** The code of the AppError that each promise rejects with, or `done`. */
async function outcomes(work: readonly Promise<Analysis>[]): Promise<string[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((result) => {
    if (result.status === 'fulfilled') return 'done';
    return result.reason instanceof AppError ? result.reason.code : String(result.reason);
  });
}

/**
 * Crashes a worker by an exception that nobody catches, at its next turn of the event loop: between two models, when
 * it is in the middle of a job. (To end a thread from outside, inside native code, is to end the process.)
 */
function crash(index = 0): void {
  threads.threads[index].postMessage(null);
}

test('starts with the minimum, grows under load to the maximum, shrinks after the idle time', async () => {
  await start({ inferenceMinWorkers: 1, inferenceMaxWorkers: 3, inferenceIdleTimeoutMs: 300 });
  expect(pool.state).toMatchObject({ workers: 1, running: 0, queued: 0 });
  expect(pool.state.sinceAnswerMs).toBeLessThan(Infinity);

  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, pool.state.workers)), 2);
  expect(await outcomes(Array.from({ length: 12 }, () => analyze()))).toEqual(Array(12).fill('done'));
  clearInterval(watch);
  expect(most).toBe(3);

  await until(() => pool.state.workers === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(pool.state.workers).toBe(1);
  expect(await outcomes([analyze()])).toEqual(['done']);
});

test('keeps a minimum above one', async () => {
  await start({ inferenceMinWorkers: 2, inferenceMaxWorkers: 2, inferenceIdleTimeoutMs: 50 });
  await outcomes([analyze(), analyze(), analyze()]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(pool.state.workers).toBe(2);
});

test('a worker that crashes during a job is replaced; that job fails, the others do not', async () => {
  await start({ inferenceMinWorkers: 2, inferenceMaxWorkers: 2, inferenceIdleTimeoutMs: 50 });
  const work = Array.from({ length: 6 }, () => analyze());
  expect(pool.state.running).toBe(2);
  crash();
  const ends = await outcomes(work);
  expect(ends.filter((end) => end === 'worker_failed')).toHaveLength(1);
  expect(ends.filter((end) => end === 'done')).toHaveLength(5);
  await until(() => pool.state.workers === 2);
  expect(pool.state).toMatchObject({ running: 0, queued: 0 });
  expect(await outcomes([analyze(), analyze()])).toEqual(['done', 'done']);
});

test('refuses jobs only when the queue is full', async () => {
  await start({ inferenceMaxWorkers: 1, inferenceMaxQueue: 2 });
  const work = Array.from({ length: 5 }, () => analyze());
  expect(pool.state).toMatchObject({ running: 1, queued: 2 });
  expect(await outcomes(work)).toEqual(['done', 'done', 'done', 'overloaded', 'overloaded']);
  expect(pool.state).toMatchObject({ running: 0, queued: 0 });
});

test('a queue of length 0 refuses jobs that cannot start at once', async () => {
  await start({ inferenceMaxWorkers: 1, inferenceMaxQueue: 0 });
  expect(await outcomes([analyze(), analyze()])).toEqual(['done', 'overloaded']);
  expect(await outcomes([analyze()])).toEqual(['done']);
});

test('a worker that is busy with one picture has no room for another of its batch', async () => {
  await start({ inferenceMaxWorkers: 1, inferenceMaxBatch: 4, inferenceMaxQueue: 0 });
  expect(await outcomes([analyze(), analyze()])).toEqual(['done', 'overloaded']);
});

test('a request that reaches its deadline in the queue leaves it without reaching a worker', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const deadline = new AbortController();
  const first = analyze();
  const second = analyze(deadline.signal);
  const third = analyze();
  expect(pool.state.queued).toBe(2);
  deadline.abort(new AppError('deadline_exceeded', 'The time is over.'));
  expect(pool.state.queued).toBe(1);
  expect(await outcomes([second])).toEqual(['deadline_exceeded']);
  expect(pool.state.running).toBe(1);
  expect(await outcomes([first, third])).toEqual(['done', 'done']);
});

test('a request that has ended before it begins takes no room', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const over = AbortSignal.abort(new AppError('deadline_exceeded', 'The time is over.'));
  expect(await outcomes([analyze(over)])).toEqual(['deadline_exceeded']);
  expect(pool.state).toMatchObject({ running: 0, queued: 0 });
});

test('a request that reaches its deadline in a worker is answered at once; the worker stays', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const deadline = new AbortController();
  const [thread] = threads.threads;
  const late = analyze(deadline.signal);
  const next = analyze();
  deadline.abort(new AppError('deadline_exceeded', 'The time is over.'));
  expect(await outcomes([late])).toEqual(['deadline_exceeded']);
  expect(pool.state.running).toBe(1);
  expect(await outcomes([next])).toEqual(['done']);
  expect(threads.threads[0]).toBe(thread);
});

test('a request that reaches its deadline in a worker stops it before the next model', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const ask = jest.spyOn(WorkerThread.prototype, 'ask');
  try {
    const leaving = new AbortController();
    const late = outcomes([pool.analyze(crowd(), EVERYTHING, leaving.signal)]);
    await until(() => ask.mock.results.length === 1);
    leaving.abort(new AppError('deadline_exceeded', 'The time is over.'));
    expect(await late).toEqual(['deadline_exceeded']);
    // The worker has not finished: it answers that it gave up.
    const { outcomes: answered } = await (ask.mock.results[0].value as ReturnType<WorkerThread['ask']>);
    expect(answered).toMatchObject([
      { kind: 'failed', error: { message: 'Nobody waits for the answer any more.' } },
    ]);
  } finally {
    ask.mockRestore();
  }
});

test('pixels in shared memory stay with the caller', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const image = people();
  const shared = new Uint8Array(new SharedArrayBuffer(image.data.byteLength));
  shared.set(image.data);
  const { faces } = await pool.analyze({ ...image, data: shared }, EVERYTHING, patient);
  expect(faces).toEqual((await pool.analyze(image, EVERYTHING, patient)).faces);
  // Not toEqual, which takes seconds for millions of numbers.
  expect(Buffer.from(shared.buffer).equals(picture.data)).toBe(true);
});

test('pixels are released when their worker has answered, even if the caller has left, but not if the worker was lost', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const released: string[] = [];
  const run = (name: string, signal = patient): Promise<string[]> =>
    outcomes([pool.analyze(people(), EVERYTHING, signal, () => released.push(name))]);
  expect(await run('answered')).toEqual(['done']);
  expect(released).toEqual(['answered']);

  const leaving = new AbortController();
  const left = run('left', leaving.signal);
  expect(pool.state.running).toBe(1);
  leaving.abort(new AppError('deadline_exceeded', 'The caller has left.'));
  expect(await left).toEqual(['deadline_exceeded']);
  expect(released).toEqual(['answered']);
  await until(() => pool.state.running === 0);
  expect(released).toEqual(['answered', 'left']);

  const lost = run('lost');
  crash();
  expect(await lost).toEqual(['worker_failed']);
  expect(released).toEqual(['answered', 'left']);
});

test('a worker that is killed while idle is replaced without affecting a request', async () => {
  await start({ inferenceMaxWorkers: 1 });
  await threads.threads[0].terminate();
  expect(await outcomes([analyze(), analyze()])).toEqual(['done', 'done']);
  expect(pool.state.workers).toBe(1);
});

test('the service survives repeated crashes of its only worker', async () => {
  await start({ inferenceMaxWorkers: 1 });
  for (let round = 0; round < 3; round++) {
    const work = [analyze(), analyze()];
    crash();
    expect(await outcomes(work)).toEqual(['worker_failed', 'done']);
  }
});

test('pixels that never reach a worker are released at once', async () => {
  await start({ inferenceMaxWorkers: 1, inferenceMaxQueue: 1 });
  const released: string[] = [];
  const run = (name: string, signal = patient): Promise<string[]> =>
    outcomes([pool.analyze(people(), EVERYTHING, signal, () => released.push(name))]);
  const leaving = new AbortController();
  const works = run('works');
  const waits = run('waits', leaving.signal);
  expect(await run('refused')).toEqual(['overloaded']);
  expect(released).toEqual(['refused']);
  leaving.abort(new AppError('deadline_exceeded', 'The time is over.'));
  expect(await waits).toEqual(['deadline_exceeded']);
  expect(await run('late', leaving.signal)).toEqual(['deadline_exceeded']);
  expect(released).toEqual(['refused', 'waits', 'late']);
  await works;
  expect(released).toEqual(['refused', 'waits', 'late', 'works']);
});

test('if no worker can be started, waiting and new jobs are refused and their pixels released once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inference-pool-'));
  const modelsDir = join(folder, 'models');
  symlinkSync(resolve('models'), modelsDir);
  await start({ inferenceMaxWorkers: 1, modelsDir });
  const released: string[] = [];
  const leaving = new AbortController();
  const run = (name: string): Promise<string[]> =>
    outcomes([pool.analyze(people(), EVERYTHING, leaving.signal, () => released.push(name))]);
  const work = [run('works'), run('waits')];
  rmSync(folder, { recursive: true });
  crash();
  expect(await Promise.all(work)).toEqual([['worker_failed'], ['overloaded']]);
  expect(pool.state).toMatchObject({ workers: 0, running: 0, queued: 0, restarts: 1 });
  expect(pool.state.problem).toMatch(/^No worker can be started/);
  expect(await run('comes')).toEqual(['overloaded']);
  leaving.abort(new AppError('deadline_exceeded', 'The caller has left.'));
  expect(released).toEqual(['waits', 'comes']);
});

test('a stop waits for busy workers and for those that are starting', async () => {
  await start({ inferenceMinWorkers: 1, inferenceMaxWorkers: 3 });
  const leaving = new AbortController();
  const work = outcomes(Array.from({ length: 3 }, () => analyze(leaving.signal)));
  await until(() => pool.state.workers === 3);
  leaving.abort(new AppError('deadline_exceeded', 'The caller has left.'));
  await pool.onApplicationShutdown();
  expect(await work).toEqual(Array(3).fill('deadline_exceeded'));
  expect(pool.state.workers).toBe(0);
});

test('a stop waits for all of its workers, not only for the first that is done', async () => {
  await start({ inferenceMinWorkers: 3, inferenceMaxWorkers: 3 });
  const work = [analyze(), ...[1, 2].map(() => pool.analyze(crowd(), EVERYTHING, patient))];
  await pool.onApplicationShutdown();
  expect(await outcomes(work)).toEqual(['done', 'done', 'done']);
});

test('a pack that cannot be loaded stops the start', async () => {
  const config = Object.assign(new Config(), { modelPack: 'no-such-pack' });
  const other = new InferencePool(config, createThreads(config));
  await expect(other.onModuleInit()).rejects.toThrow(/no-such-pack/);
  await other.onApplicationShutdown();
});
