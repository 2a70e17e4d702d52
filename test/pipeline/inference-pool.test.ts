/** The hop, with real workers: growing, shrinking, refusing, giving up on time, and surviving the loss of a worker. */
import { Logger } from '@nestjs/common';
import sharp from 'sharp';
import { Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import type { AnalysisOptions } from '../../src/pipeline/analysis.js';
import { type Analysis, InferencePool } from '../../src/pipeline/inference-pool.service.js';
import type { Image } from '../../src/vision/image.js';
import { sample, until } from '../e2e/support.js';

const EVERYTHING: AnalysisOptions = {
  landmarks: true,
  embedding: true,
  attributes: ['pose', 'quality', 'liveness'],
};
const patient = new AbortController().signal;
let pool: InferencePool;

Logger.overrideLogger(false); // lost workers are reported loudly, and here they are lost on purpose

async function start(settings: Partial<Config>): Promise<void> {
  pool = new InferencePool(Object.assign(new Config(), settings));
  await pool.onModuleInit();
}
afterEach(() => pool.onApplicationShutdown());

let picture: Image;
beforeAll(async () => {
  const { data, info } = await sharp(sample(3)).resize(960).raw().toBuffer({ resolveWithObject: true });
  picture = { width: info.width, height: info.height, data: Uint8Array.from(data) };
});

/** Three faces: enough to keep a worker busy for a tenth of a second. The pool takes the pixels away, so each call has its own. */
const people = (): Image => ({ ...picture, data: picture.data.slice() });

const analyze = (signal: AbortSignal = patient): Promise<Analysis> =>
  pool.analyze(people(), EVERYTHING, signal);

/** The AppError's code that each of some promises ends in, or `done`. */
async function outcomes(work: readonly Promise<Analysis>[]): Promise<string[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((result) => {
    if (result.status === 'fulfilled') return 'done';
    return result.reason instanceof AppError ? result.reason.code : String(result.reason);
  });
}

/** Ends a worker's thread from outside, as a crash in native code or the lack of memory would. */
async function kill(index = 0): Promise<void> {
  await pool['threads'].threads[index].terminate();
}

test('starts with the minimum, grows under load to the maximum, shrinks after the idle time', async () => {
  await start({ inferenceMinWorkers: 1, inferenceMaxWorkers: 3, inferenceIdleTimeoutMs: 300 });
  expect(pool.state).toMatchObject({ workers: 1, running: 0, queued: 0 });
  expect(pool.state.sinceAnswerMs).toBeLessThan(5_000);

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

test('refuses when the queue is full, before any work is spent, and never more than that', async () => {
  await start({ inferenceMaxWorkers: 1, inferenceMaxQueue: 2 });
  const work = Array.from({ length: 5 }, () => analyze());
  expect(pool.state).toMatchObject({ running: 1, queued: 2 });
  expect(() => pool.assertRoom()).toThrow(AppError);
  expect(await outcomes(work)).toEqual(['done', 'done', 'done', 'overloaded', 'overloaded']);
  expect(() => pool.assertRoom()).not.toThrow();
  expect(pool.state).toMatchObject({ running: 0, queued: 0 });
});

test('a queue of no length refuses what cannot start at once', async () => {
  await start({ inferenceMaxWorkers: 1, inferenceMaxQueue: 0 });
  expect(await outcomes([analyze(), analyze()])).toEqual(['done', 'overloaded']);
  expect(await outcomes([analyze()])).toEqual(['done']);
});

test('a request whose time is over while it waits leaves the queue without reaching a worker', async () => {
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

test('a request that is over before it begins takes no room', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const over = AbortSignal.abort(new AppError('deadline_exceeded', 'The time is over.'));
  expect(await outcomes([analyze(over)])).toEqual(['deadline_exceeded']);
  expect(pool.state).toMatchObject({ running: 0, queued: 0 });
});

test('a request whose time is over in the hands of a worker is answered at once; the worker stays', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const deadline = new AbortController();
  const [thread] = pool['threads'].threads;
  const late = analyze(deadline.signal);
  const next = analyze();
  deadline.abort(new AppError('deadline_exceeded', 'The time is over.'));
  expect(await outcomes([late])).toEqual(['deadline_exceeded']);
  expect(pool.state.running).toBe(1);
  expect(await outcomes([next])).toEqual(['done']);
  expect(pool['threads'].threads[0]).toBe(thread);
});

test('a worker killed in the middle of a job: that job fails, the others do not, another takes its place', async () => {
  await start({ inferenceMinWorkers: 2, inferenceMaxWorkers: 2 });
  const work = Array.from({ length: 6 }, () => analyze());
  await until(() => pool.state.running === 2);
  await kill(0);
  const ends = await outcomes(work);
  expect(ends.filter((end) => end === 'worker_failed')).toHaveLength(1);
  expect(ends.filter((end) => end === 'done')).toHaveLength(5);
  await until(() => pool.state.workers === 2);
  expect(pool.state).toMatchObject({ running: 0, queued: 0 });
  expect(await outcomes([analyze(), analyze()])).toEqual(['done', 'done']);
});

test('a worker killed while idle is replaced, and no request notices', async () => {
  await start({ inferenceMinWorkers: 1, inferenceMaxWorkers: 1 });
  await kill();
  expect(await outcomes([analyze(), analyze()])).toEqual(['done', 'done']);
  expect(pool.state.workers).toBe(1);
});

test('killing the only worker again and again never stops the service', async () => {
  await start({ inferenceMinWorkers: 1, inferenceMaxWorkers: 1 });
  for (let round = 0; round < 3; round++) {
    const work = [analyze(), analyze()];
    await until(() => pool.state.running === 1);
    await kill();
    // Which of the two it hits depends on how far the first has come when the thread stops.
    expect((await outcomes(work)).toSorted()).toEqual(['done', 'worker_failed']);
  }
});

test('a job that outlasts the deadline by far costs its worker, not the service', async () => {
  await start({ inferenceMinWorkers: 1, inferenceMaxWorkers: 1, requestTimeoutMs: 1 });
  expect(await outcomes([analyze()])).toEqual(['worker_failed']);
  await until(() => pool.state.workers === 1);
  expect(pool.state).toMatchObject({ running: 0, queued: 0 });
});

test('the pixels are transferred, not copied', async () => {
  await start({ inferenceMaxWorkers: 1 });
  const image = people();
  const work = pool.analyze(image, EVERYTHING, patient);
  expect(image.data.byteLength).toBe(0);
  await work;
});

test('a pack that cannot be loaded stops the start', async () => {
  pool = new InferencePool(Object.assign(new Config(), { modelPack: 'no-such-pack' }));
  await expect(pool.onModuleInit()).rejects.toThrow(/no-such-pack/);
});
