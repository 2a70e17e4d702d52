/** Requests that wait for the same worker travel together, and no answer shows it. Real models, real pictures. */
import { Logger } from '@nestjs/common';
import sharp from 'sharp';
import type { Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import type { AnalysisOptions } from '../../src/worker/protocol.js';
import type { InferencePool } from '../../src/inference/inference-pool.service.js';
import type { WorkerThreads } from '../../src/inference/worker-threads.js';
import type { Analysis } from '../../src/inference/pending-job.js';
import type { Image } from '../../src/vision/image.js';
import { blank, sample } from '../fixtures/pictures.js';
import { until } from '../support/until.js';
import { poolWith, stopLast } from '../support/resting-pool.js';
import { patient } from '../support/refusals.js';

const NOTHING: AnalysisOptions = { landmarks: false, embedding: false, attributes: [] };
const EVERYTHING: AnalysisOptions = {
  landmarks: true,
  embedding: true,
  attributes: ['pose', 'quality', 'liveness', 'gender', 'age', 'race', 'mask'],
};
Logger.overrideLogger(false); // workers are lost here on purpose

type Request = readonly [image: Image, options: AnalysisOptions];
let pool: InferencePool;
let threads: WorkerThreads;
let requests: Request[];

beforeAll(async () => {
  const decode = async (bytes: Buffer, width: number, height?: number): Promise<Image> => {
    const { data, info } = await sharp(bytes)
      .resize(width, height, { fit: height === undefined ? 'inside' : 'fill' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: Uint8Array.from(data) };
  };
  requests = [
    [await decode(sample(1), 640), EVERYTHING],
    [await decode(sample(2), 640, 480), EVERYTHING],
    [await decode(sample(3), 640, 480), { ...NOTHING, embedding: true }],
    [await decode(await blank(), 320), EVERYTHING],
    [await decode(sample(4), 900), { ...NOTHING, attributes: ['pose', 'gender'] }],
    [await decode(sample(5), 640, 480), { ...EVERYTHING, maxFaces: 1 }],
    [await decode(sample(6), 500), { ...NOTHING, landmarks: true, minConfidence: 0.2 }],
    [await decode(sample(5), 640, 480), { ...NOTHING, minFaceSize: 50 }],
  ];
});
afterAll(stopLast);

async function start(settings: Partial<Config>): Promise<void> {
  ({ pool, threads } = await poolWith({ inferenceMaxWorkers: 1, ...settings }));
}

/** The pool takes the pixels away, so each call has its own. */
const analyze = ([image, options]: Request, signal = patient): Promise<Analysis> =>
  pool.analyze({ ...image, data: image.data.slice() }, options, signal);

const settled = async (work: readonly Promise<Analysis>[]): Promise<string[]> =>
  (await Promise.allSettled(work)).map((result) => {
    if (result.status === 'fulfilled') return 'done';
    return result.reason instanceof AppError ? result.reason.code : String(result.reason);
  });

test('an answer is the same to the last bit, whoever shared the batch', async () => {
  await start({ inferenceMaxBatch: 1 });
  const alone: Analysis[] = [];
  for (const request of requests) alone.push(await analyze(request));
  expect(alone.map(({ batchSize }) => batchSize)).toEqual(requests.map(() => 1));
  expect(alone.map(({ faces }) => faces.length > 0)).toEqual(requests.map((_, index) => index !== 3));

  await start({ inferenceMaxBatch: 8, inferenceBatchWaitMs: 1_000 });
  for (const [size, order] of [
    [8, [0, 1, 2, 3, 4, 5, 6, 7]],
    [8, [7, 5, 3, 1, 6, 4, 2, 0]],
    [3, [4, 2, 5]],
    [2, [1, 0]],
  ] as const) {
    const together = await Promise.all(order.map((index) => analyze(requests[index])));
    expect(together.map(({ batchSize }) => batchSize)).toEqual(order.map(() => size));
    // Objects of numbers and Float32Arrays: equal means equal bits.
    expect(together.map(({ faces }) => faces)).toEqual(order.map((index) => alone[index].faces));
  }
});

test('a free worker does not wait unless told to, and takes what waits', async () => {
  await start({ inferenceMaxBatch: 3 });
  const work = await Promise.all(requests.slice(0, 6).map((request) => analyze(request)));
  expect(work.map(({ batchSize }) => batchSize)).toEqual([1, 3, 3, 3, 2, 2]);
});

test('free workers share what waits', async () => {
  await start({
    inferenceMinWorkers: 2,
    inferenceMaxWorkers: 2,
    inferenceMaxBatch: 4,
    inferenceBatchWaitMs: 1_000,
  });
  const work = await Promise.all(requests.slice(0, 4).map((request) => analyze(request)));
  expect(work.map(({ batchSize }) => batchSize)).toEqual([2, 2, 2, 2]);
});

test('an incomplete batch starts when its first job has waited long enough', async () => {
  await start({ inferenceMaxBatch: 8, inferenceBatchWaitMs: 50 });
  const [first, second] = await Promise.all([analyze(requests[0]), analyze(requests[3])]);
  expect([first.batchSize, second.batchSize]).toEqual([2, 2]);
  expect(first.times.queue).toBeGreaterThanOrEqual(50);
});

test('an aborted job leaves the batch, before it starts and while a worker has it', async () => {
  await start({ inferenceMaxBatch: 3, inferenceBatchWaitMs: 100 });
  const expected = (await analyze(requests[1])).faces;
  const leaving = new AbortController();
  const gone = analyze(requests[0], leaving.signal);
  const stays = analyze(requests[1]);
  leaving.abort(new AppError('deadline_exceeded', 'The caller has left.'));
  expect(await settled([gone])).toEqual(['deadline_exceeded']);
  expect(await stays).toMatchObject({ batchSize: 1, faces: expected });

  const leavingLate = new AbortController();
  const work = [analyze(requests[0], leavingLate.signal), analyze(requests[1]), analyze(requests[4])];
  await until(() => pool.state.running === 3);
  leavingLate.abort(new AppError('deadline_exceeded', 'The caller has left.'));
  expect(await settled(work)).toEqual(['deadline_exceeded', 'done', 'done']);
  expect(await work[1]).toMatchObject({ batchSize: 3, faces: expected });
});

test('one picture that cannot be analysed fails alone', async () => {
  await start({ inferenceMaxBatch: 3, inferenceBatchWaitMs: 1_000 });
  // Options that no request can have stand for any defect that one picture brings to light.
  const broken: Request = [requests[1][0], { ...NOTHING, attributes: null as never }];
  const work = [analyze(requests[0]), analyze(broken), analyze(requests[2])];
  expect(await settled(work)).toEqual(['done', 'worker_failed', 'done']);
  expect(pool.state.restarts).toBe(0);
});

test('if a batch crashes its worker, each picture is tried again alone', async () => {
  await start({ inferenceMaxBatch: 3, inferenceBatchWaitMs: 1_000 });
  const expected = (await analyze(requests[1])).faces;
  const work = requests.slice(0, 3).map((request) => analyze(request));
  await until(() => pool.state.running === 3);
  // An exception nobody catches, between two models.
  threads.threads[0].postMessage(null);
  expect(await settled(work)).toEqual(['done', 'done', 'done']);
  expect(await work[1]).toMatchObject({ batchSize: 1, faces: expected });
  expect(pool.state).toMatchObject({ running: 0, queued: 0, restarts: 1 });
});
