/** Decoder processes can be ended, end themselves, and are replaced, however one ends. */
import { readFileSync } from 'node:fs';
import { type AppError } from '../../src/errors.js';
import { DecoderPool } from '../../src/images/decoder-pool.service.js';
import type { DecoderProcess } from '../../src/images/decoder-process.js';
import { ImageDecoder } from '../../src/images/image-decoder.js';
import { type Image } from '../../src/vision/image.js';
import { picture } from '../fixtures/crafted-pictures.js';
import { configWith } from '../support/config.js';
import { patient, refusalOf } from '../support/refusals.js';
import { until } from '../support/until.js';

const pool = new DecoderPool(configWith({ decoderProcesses: 1 }));
const decoder = new ImageDecoder(configWith(), pool);
const gif = await picture().gif().toBuffer();
/** Takes about half a second. */
const large = await picture(5000, 4000).png({ progressive: true, compressionLevel: 1 }).toBuffer();
afterAll(() => pool.onApplicationShutdown());

const decode = (bytes: Uint8Array, signal = patient): Promise<Image> =>
  decoder.decode(bytes, 'image', signal);
const pids = (): number[] => pool.processes.map(({ pid }) => pid);

/** Decodes the large picture with different limits from those it was admitted with. */
async function decodeWithin(
  limits: { memoryBytes: number; cpuMs: number; timeoutMs?: number },
  prepare: (process: DecoderProcess) => void = () => undefined,
): Promise<AppError> {
  const turn = await pool.turn('image', patient);
  try {
    const one = await turn.process();
    prepare(one);
    const job = {
      task: 'decode',
      encoded: { field: 'image', maxPixels: 40_000_000 },
      limits,
      bytes: large.length,
    } as const;
    const roomFor = (bytes: number): Uint8Array => new Uint8Array(bytes);
    return await refusalOf(() =>
      one.run(job, large, { timeoutMs: limits.timeoutMs ?? 60_000, signal: patient, roomFor }),
    );
  } finally {
    turn.end();
  }
}

test('one process decodes one picture after the other', async () => {
  await decode(gif);
  const [before] = pids();
  expect((await decode(gif)).width).toBe(64);
  expect((await decode(large)).width).toBe(5000);
  expect(pids()).toEqual([before]);
});

test('it does not see the environment of the service', async () => {
  await decode(gif);
  const environment = readFileSync(`/proc/${pids()[0]}/environ`, 'latin1').split('\0');
  expect(environment.filter((setting) => setting !== '' && !setting.startsWith('MALLOC_'))).toEqual([]);
});

test.each([
  ['memory', { memoryBytes: 30_000_000, cpuMs: 60_000 }],
  ['time', { memoryBytes: 1e9, cpuMs: 50 }],
])('one that takes more %s than admitted ends, and the picture is refused', async (what, limits) => {
  const error = await decodeWithin(limits);
  expect([error.code, error.message]).toEqual([
    'image_undecodable',
    expect.stringContaining(`takes more ${what} to decode`),
  ]);
  expect(pids()).toEqual([]);
  expect((await decode(gif)).width).toBe(64);
});

test('one that never answers is ended at the time-out', async () => {
  const error = await decodeWithin({ memoryBytes: 1e9, cpuMs: 60_000, timeoutMs: 50 }, ({ pid }) =>
    process.kill(pid, 'SIGSTOP'),
  );
  expect(error.code).toBe('deadline_exceeded');
  expect(pids()).toEqual([]);
  expect((await decode(gif)).width).toBe(64);
});

test('it ends when its request does, and its memory is free before the work settles', async () => {
  await decode(gif);
  const [pid] = pids();
  const request = new AbortController();
  const plan = await decoder.plan(large, 'image');
  const work = decoder.start(plan, await decoder.turn(plan, request.signal), request.signal);
  setTimeout(() => request.abort(), 50);
  expect((await refusalOf(() => work)).code).toBe('deadline_exceeded');
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect((await decode(gif)).width).toBe(64);
});

test('a turn whose caller has left goes to the next', async () => {
  const turn = await pool.turn('image', patient);
  const left = new AbortController();
  const waiting = refusalOf(() => decode(gif, left.signal));
  const next = decode(gif);
  left.abort();
  expect((await waiting).code).toBe('deadline_exceeded');
  turn.end();
  expect((await next).width).toBe(64);
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s does not end it', async (signal) => {
  await decode(gif);
  const [pid] = pids();
  const work = decode(large);
  setTimeout(() => process.kill(pid, signal), 50);
  expect((await work).width).toBe(5000);
});

test.each(['SIGSEGV', 'SIGKILL'] as const)('one that dies of %s is replaced', async (signal) => {
  await decode(gif);
  const [pid] = pids();
  const work = refusalOf(() => decode(large));
  setTimeout(() => process.kill(pid, signal), 50);
  expect((await work).code).toBe('image_undecodable');
  // Also while it is idle.
  expect((await decode(gif)).width).toBe(64);
  process.kill(pids()[0], signal);
  await until(() => pids().length === 0);
  expect((await decode(gif)).width).toBe(64);
});

test('if none can be started, callers get 503 and health says so, until one can', async () => {
  const broken = new DecoderPool(configWith());
  const other = new ImageDecoder(configWith(), broken);
  const { execPath } = process;
  process.execPath = '/nowhere/node';
  try {
    expect(broken.problem).toBeUndefined();
    expect((await refusalOf(() => other.decode(gif, 'image', patient))).code).toBe('overloaded');
    expect(broken.problem).toContain('ENOENT');
  } finally {
    process.execPath = execPath;
  }
  // Reading the problem retries the start after a while, even if no picture needs a process.
  await until(() => broken.problem === undefined);
  expect(broken.processes).toHaveLength(1);
  await broken.onApplicationShutdown();
});

test('no process outlives the shutdown', async () => {
  const other = new DecoderPool(configWith());
  await new ImageDecoder(configWith(), other).decode(gif, 'image', patient);
  const [one] = other.processes;
  await other.onApplicationShutdown();
  expect(() => process.kill(one.pid, 0)).toThrow('ESRCH');
});
