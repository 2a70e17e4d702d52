/** Health, which answers while every worker is busy. How fast it answers under load, the fuzz tests measure. */
import { jest } from '@jest/globals';
import { DecoderPool } from '../../src/images/decoder-pool.service.js';
import { ImageDecoder } from '../../src/images/image-decoder.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { sample } from '../fixtures/pictures.js';
import { DETECT, postBytes, type Service, startService } from '../support/service.js';
import { until } from '../support/until.js';

let service: Service;
let pool: InferencePool;
let decoder: ImageDecoder;
let decoders: DecoderPool;

beforeAll(async () => {
  service = await startService({ inferenceMaxWorkers: 2 });
  pool = service.app.get(InferencePool);
  decoder = service.app.get(ImageDecoder, { strict: false });
  decoders = service.app.get(DecoderPool, { strict: false });
});
afterAll(() => service.app.close());

/** Makes the last answer of a worker look as old as this, until it is restored. */
const answersAre = (sinceAnswerMs: number) =>
  jest.spyOn(pool, 'state', 'get').mockReturnValue({ ...pool.state, sinceAnswerMs });

const get = (path: string): Promise<Response> => fetch(service.url + path);

test('livez says no more than that the process is alive', async () => {
  const response = await get('/-/livez');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok' });
});

test('readyz and healthz say what they looked at', async () => {
  const ready = (await (await get('/-/readyz')).json()) as object;
  expect(ready).toMatchObject({
    status: 'ok',
    details: { inference: { status: 'up', running: 0, queued: 0 }, decoder: { status: 'up' } },
  });
  const health = (await (await get('/-/healthz')).json()) as object;
  expect(health).toMatchObject({
    status: 'ok',
    details: {
      pack: { status: 'up', name: 'default' },
      runtime: { status: 'up', provider: 'cpu' },
      inference: { status: 'up', workers: 1 },
      decoder: { status: 'up' },
    },
  });
});

test('health is cheap: a hundred polls ask for no inference while an answer is fresh', async () => {
  const fresh = answersAre(0);
  const jobs: unknown[] = [];
  const analyze = pool.analyze.bind(pool);
  pool.analyze = (...job) => {
    jobs.push(job);
    return analyze(...job);
  };
  try {
    const polls = await Promise.all(Array.from({ length: 100 }, () => get('/-/healthz')));
    expect(polls.every(({ status }) => status === 200)).toBe(true);
    expect(jobs).toHaveLength(0);
  } finally {
    fresh.mockRestore();
    pool.analyze = analyze;
  }
});

test('a stale answer is renewed by one real inference for all who ask at the same time', async () => {
  const stale = answersAre(Infinity);
  const asked = performance.now();
  const jobs: unknown[] = [];
  const analyze = pool.analyze.bind(pool);
  pool.analyze = (...job) => {
    jobs.push(job);
    return analyze(...job);
  };
  try {
    const polls = await Promise.all(Array.from({ length: 10 }, () => get('/-/readyz')));
    expect(polls.every(({ status }) => status === 200)).toBe(true);
    expect(jobs).toHaveLength(1);
    stale.mockRestore();
    const answered = performance.now() - pool.state.sinceAnswerMs;
    expect(answered).toBeGreaterThan(asked);
  } finally {
    stale.mockRestore();
    pool.analyze = analyze;
  }
});

test('no answer from the workers: 503 that names the part that is down, while livez stays up', async () => {
  const analyze = pool.analyze.bind(pool);
  const stale = answersAre(Infinity);
  // Workers that never answer again, as far as the caller can tell.
  pool.analyze = (_image, _options, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  try {
    const response = await get('/-/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: 'error',
      error: { inference: { status: 'down' } },
    });
    expect((await get('/-/livez')).status).toBe(200);
  } finally {
    stale.mockRestore();
    pool.analyze = analyze;
  }
  expect((await get('/-/readyz')).status).toBe(200);
});

test.each([
  [
    'a decoding that outlives every request',
    () => jest.spyOn(decoder, 'oldestMs', 'get').mockReturnValue(32_000),
  ],
  [
    'no decoder process that can be started',
    () => jest.spyOn(decoders, 'problem', 'get').mockReturnValue('EAGAIN'),
  ],
])('%s: 503, and no word of the reason', async (_, happens) => {
  const spy = happens();
  try {
    for (const path of ['/-/readyz', '/-/healthz']) {
      const response = await get(path);
      expect(response.status).toBe(503);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ error: { decoder: { status: 'down' } } });
      expect(text).not.toContain('EAGAIN');
    }
  } finally {
    spy.mockRestore();
  }
  expect((await get('/-/readyz')).status).toBe(200);
});

test('livez does not wait for pictures while the workers are busy', async () => {
  const polls = 20;
  let isLoading = true;
  let pictures = 0;
  const load = Array.from({ length: 4 }, async () => {
    while (isLoading) {
      await (await postBytes(service, DETECT, sample(5))).arrayBuffer();
      pictures++;
    }
  });
  try {
    await until(() => pool.state.running > 0);
    const before = pictures;
    for (let poll = 0; poll < polls; poll++) expect((await get('/-/livez')).status).toBe(200);
    // If each poll waited for a picture, at least one picture for each would be answered meanwhile.
    expect(pictures - before).toBeLessThan(polls);
  } finally {
    isLoading = false;
    await Promise.all(load);
  }
});

test('health stays up under that load, without adding to it', async () => {
  const work = Array.from({ length: 6 }, () => postBytes(service, DETECT, sample(5)));
  await until(() => pool.state.running > 0);
  expect((await get('/-/healthz')).status).toBe(200);
  for (const answer of await Promise.all(work)) expect(answer.status).toBe(200);
});
