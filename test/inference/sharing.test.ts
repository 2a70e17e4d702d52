/** A picture with several faces is described by all workers that are free, and no answer shows it. Real models, real workers. */
import { Logger } from '@nestjs/common';
import sharp from 'sharp';
import type { Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import type { AnalysisOptions, Task } from '../../src/worker/protocol.js';
import type { InferencePool } from '../../src/inference/inference-pool.service.js';
import type { WorkerThreads } from '../../src/inference/worker-threads.js';
import type { Analysis } from '../../src/inference/pending-job.js';
import { WorkerThread } from '../../src/inference/worker-thread.js';
import type { Image } from '../../src/vision/image.js';
import { sample } from '../fixtures/pictures.js';
import { until } from '../support/until.js';
import { poolWith, stopLast } from '../support/resting-pool.js';
import { patient } from '../support/refusals.js';

const NOTHING: AnalysisOptions = { landmarks: false, embedding: false, attributes: [] };
const EVERYTHING: AnalysisOptions = {
  landmarks: true,
  embedding: true,
  attributes: ['pose', 'quality', 'liveness', 'gender', 'age', 'race', 'mask'],
};
const ONE: AnalysisOptions = { ...EVERYTHING, maxFaces: 1 };
Logger.overrideLogger(false); // workers are lost here on purpose

let pool: InferencePool;
let threads: WorkerThreads;
let three: Image;
let four: Image;

beforeAll(async () => {
  const decode = async (bytes: Buffer): Promise<Image> => {
    const { data, info } = await sharp(bytes).resize(900).raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: Uint8Array.from(data) };
  };
  [three, four] = await Promise.all([sample(3), sample(4)].map(decode));
});
afterAll(stopLast);

/** What the workers were asked for, in order: the faces to be described, or whether a picture might be shared. */
let asked: (number | 'shareable' | 'whole')[] = [];
let onAsk: (task: Task) => void;

/** Starts so many workers, and others only as far as the settings allow more. */
async function start(workers: number, settings: Partial<Config> = {}): Promise<void> {
  ({ pool, threads } = await poolWith({
    inferenceMinWorkers: workers,
    inferenceMaxWorkers: workers,
    ...settings,
  }));
  asked = [];
  onAsk = () => undefined;
}

const ask = Object.getOwnPropertyDescriptor(WorkerThread.prototype, 'ask')?.value as WorkerThread['ask'];
WorkerThread.prototype.ask = function (task) {
  asked.push(task.found?.found[0].length ?? (task.mayShare === true ? 'shareable' : 'whole'));
  const answer = ask.call(this, task);
  onAsk(task);
  return answer;
};

const analyze = (image: Image, options = EVERYTHING, signal = patient): Promise<Analysis> =>
  pool.analyze(image, options, signal);

/** `done`, or the code of the AppError that it ends in. */
const outcome = (work: Promise<Analysis>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );

test('an answer is the same to the last bit, whoever describes a face', async () => {
  const requests: [Image, AnalysisOptions][] = [
    [three, EVERYTHING],
    [four, EVERYTHING],
    [four, { ...NOTHING, embedding: true }],
    [three, { ...NOTHING, landmarks: true, attributes: ['pose', 'gender'] }],
    [four, { ...EVERYTHING, maxFaces: 2 }],
    // Faces that needed a second opinion bring along what the trunk said of them.
    [four, { ...EVERYTHING, minConfidence: 0.05 }],
    [four, { ...EVERYTHING, minFaceSide: 200 }],
  ];
  await start(1);
  const alone: Analysis[] = [];
  for (const [image, options] of requests) alone.push(await analyze(image, options));
  expect(asked).toEqual(requests.map(() => 'whole'));

  await start(3);
  for (const [index, [image, options]] of requests.entries()) {
    asked = [];
    const shared = await analyze(image, options);
    const { faces, tooCoarse } = alone[index];
    // Objects of numbers and Float32Arrays: equal means equal bits.
    expect(shared).toMatchObject({ tooCoarse, batchSize: 1 });
    expect(shared.faces).toEqual(faces);
    const hands = [0, 1, 2].map((hand) => faces.filter((_, face) => face % 3 === hand).length);
    expect(asked).toEqual(['shareable', ...hands.filter((faces) => faces > 0)]);
    expect(shared.times.detect).toBeGreaterThan(0);
    expect(shared.times.recognise).toBeGreaterThan(0);
  }
  expect(alone.map(({ faces }) => faces.length)).toEqual([3, 4, 4, 3, 2, expect.any(Number), 0]);
  expect(alone[5].faces.length).toBeGreaterThan(4);
  expect(pool.state).toMatchObject({ busy: 0, running: 0, queued: 0 });
});

test('a stop waits for all workers that share a picture', async () => {
  await start(3);
  const work = outcome(analyze(four));
  await until(() => asked.length === 4);
  await pool.onApplicationShutdown();
  expect(await work).toBe('done');
  expect(pool.state).toMatchObject({ workers: 0, busy: 0, running: 0 });
});

test('a single face, or landmarks alone, are not shared', async () => {
  await start(2);
  expect((await analyze(three, ONE)).faces).toHaveLength(1);
  expect((await analyze(three, { ...NOTHING, landmarks: true })).faces).toHaveLength(3);
  expect(asked).toEqual(['shareable', 'whole']);
});

test('pictures that come while others are shared wait, and are answered', async () => {
  await start(2);
  const others: Promise<Analysis>[] = [];
  onAsk = ({ found }) => {
    if (found === undefined || others.length > 0) return;
    others.push(analyze(three, ONE), analyze(four));
    expect(pool.state.queued).toBeGreaterThan(0);
  };
  expect((await analyze(three)).faces).toHaveLength(3);
  expect((await Promise.all(others)).map(({ faces }) => faces.length)).toEqual([1, 4]);
  expect(pool.state).toMatchObject({ busy: 0, running: 0, queued: 0 });
});

test('abandoning a picture whose faces are shared frees all workers before their next model', async () => {
  await start(2);
  const before = [...threads.threads];
  for (const stage of ['shareable', 'shared'] as const) {
    const leaving = new AbortController();
    onAsk = ({ found }) => {
      if ((found === undefined) === (stage === 'shareable')) {
        setTimeout(() => leaving.abort(new AppError('deadline_exceeded', 'The time is over.')), 3);
      }
    };
    expect(await outcome(analyze(three, EVERYTHING, leaving.signal))).toBe('deadline_exceeded');
    await until(() => pool.state.busy === 0);
    expect(pool.state).toMatchObject({ running: 0, queued: 0, restarts: 0 });
  }
  onAsk = () => undefined;
  expect((await analyze(three)).faces).toHaveLength(3);
  expect(threads.threads).toEqual(before);
});

test('a helping worker that crashes fails that picture and no other', async () => {
  await start(2);
  let next: Promise<Analysis> | undefined;
  onAsk = ({ found }) => {
    if (found === undefined || next !== undefined) return;
    // By an exception that nobody catches, at its next turn of the event loop: between two models.
    threads.threads[1].postMessage(null);
    next = analyze(four);
  };
  expect(await outcome(analyze(three))).toBe('worker_failed');
  expect((await next)?.faces).toHaveLength(4);
  await until(() => pool.state.workers === 2 && threads.warm === 2);
  expect(pool.state).toMatchObject({ busy: 0, running: 0, queued: 0, restarts: 1 });
  expect((await analyze(three)).faces).toHaveLength(3);
  expect(asked.slice(-3)).toEqual(['shareable', 2, 1]);
});

test('on a GPU a picture is left to one worker', async () => {
  await start(2);
  pool.runtimes.note(0, { provider: 'cuda' });
  expect((await analyze(three)).faces).toHaveLength(3);
  expect(asked).toEqual(['whole']);
});

test('pictures that come while all workers are busy are each left to one of them', async () => {
  await start(2, { inferenceMaxBatch: 1 });
  const work = Array.from({ length: 6 }, () => analyze(three));
  expect(pool.state).toMatchObject({ busy: 2, running: 2, queued: 4 });
  for (const { faces } of await Promise.all(work)) expect(faces).toHaveLength(3);
  // The first one did not know that others would come; when its faces were found, no worker was free to help.
  expect(asked.toSorted()).toEqual([3, 'shareable', ...Array<string>(5).fill('whole')]);
  expect(pool.state).toMatchObject({ busy: 0, running: 0, queued: 0 });
});

test('no picture is refused because workers are helping', async () => {
  await start(2, { inferenceMaxQueue: 0 });
  let other: Promise<Analysis> | undefined;
  onAsk = ({ found }) => {
    if (found !== undefined) other ??= analyze(four);
  };
  expect(await outcome(analyze(three))).toBe('done');
  expect((await other)?.faces).toHaveLength(4);
});

test('a picture with more faces than workers starts one more worker, up to the maximum', async () => {
  await start(1, { inferenceMaxWorkers: 3 });
  for (const [workers, hands] of [
    [2, [4]],
    [3, [2, 2]],
    [3, [2, 1, 1]],
  ] as const) {
    asked = [];
    expect((await analyze(four)).faces).toHaveLength(4);
    expect(asked).toEqual(['shareable', ...hands]);
    await until(() => threads.warm === workers);
  }
  expect(pool.state).toMatchObject({ workers: 3, busy: 0 });
});
