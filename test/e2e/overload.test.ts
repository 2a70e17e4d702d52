/** More than the service can take: refused at once and unread, while health answers and nothing is left behind. */
import { request } from 'node:http';
import { connect } from 'node:net';
import sharp from 'sharp';
import { Admission } from '../../src/inference/admission.service.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import type { Reservation } from '../../src/inference/reservation.js';
import { sample } from '../fixtures/pictures.js';
import {
  DETECT,
  postBytes,
  postForm,
  postJson,
  problemOf,
  type Service,
  startService,
} from '../support/service.js';
import { until } from '../support/until.js';
import { patient } from '../support/refusals.js';

const MIB = 1024 * 1024;
let service: Service;
let admission: Admission;
let pool: InferencePool;
let reservations: Reservation[] = [];

beforeAll(async () => {
  service = await startService({ inferenceMaxQueue: 1, maxBytesInFlight: 40 * MIB, maxBodyBytes: 30 * MIB });
  admission = service.app.get(Admission, { strict: false });
  pool = service.app.get(InferencePool, { strict: false });
});
afterEach(() => {
  for (const reservation of reservations) reservation.release();
  reservations = [];
});
afterAll(() => service.app.close());

/** Reserves room for as many pictures as there may be. */
async function fill(): Promise<void> {
  reservations = [admission.reserve(patient), admission.reserve(patient)];
  for (const reservation of reservations) await reservation.acquire(1);
}

/** Announces a body and sends nothing of it; the status line and headers of the answer. */
function announce(bytes: number, type = 'application/json'): Promise<string> {
  const { port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(
        `POST ${DETECT} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\n\r\n`,
      );
    });
    socket.on('data', (chunk: Buffer) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a full service refuses before a byte of the body has come', async () => {
  await fill();
  for (const type of ['application/json', 'image/jpeg', 'multipart/form-data; boundary=b']) {
    const answer = await announce(5 * MIB, type);
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/\r\nRetry-After: \d+\r\n/i);
    expect(answer).toMatch(/\r\nConnection: close\r\n/i);
    expect(answer).toContain('"code":"overloaded"');
  }
  expect(admission.state.bodyBytes).toBe(0);
});

test.each([
  ['JSON', (bytes: Buffer) => postJson(service, DETECT, { image_base64: bytes.toString('base64') })],
  ['a raw body', (bytes: Buffer) => postBytes(service, DETECT, bytes)],
  ['a form', (bytes: Buffer) => postForm(service, DETECT, { image: bytes })],
])('a caller that sends %s all the same gets to read why it was refused', async (_, post) => {
  await fill();
  for (const bytes of [Buffer.alloc(100_000), Buffer.alloc(8 * MIB)]) {
    const response = await post(bytes);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await problemOf(response)).toMatchObject({ code: 'overloaded' });
  }
});

test('a short body that was refused leaves its connection usable', async () => {
  await fill();
  expect(await announce(1000)).not.toMatch(/\r\nConnection: close\r\n/i);
});

test('health answers while everything else is refused', async () => {
  await fill();
  expect((await fetch(`${service.url}/-/livez`)).status).toBe(200);
  expect((await fetch(`${service.url}/-/readyz`)).status).toBe(200);
});

test('bodies take their share of the bytes as they arrive, and give it back when the caller leaves', async () => {
  const { port } = new URL(service.url);
  const headers = { 'content-type': 'image/jpeg', 'content-length': 9 * MIB };
  const slow = Array.from({ length: 2 }, () => {
    const one = request({ port, path: DETECT, method: 'POST', headers, host: '127.0.0.1' });
    one.on('error', () => undefined).flushHeaders();
    return one;
  });
  // What is announced is not taken: connections that send nothing keep nobody out.
  expect((await postBytes(service, DETECT, sample(3))).status).toBe(200);
  expect(admission.state.bodyBytes).toBe(0);
  for (const one of slow) one.write(Buffer.alloc(8 * MIB));
  await until(() => admission.state.bodyBytes === 16 * MIB);
  const answer = await announce(9 * MIB, 'image/jpeg');
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toMatch(/bytes are being received/);
  for (const one of slow) one.destroy();
  await until(() => admission.state.bodyBytes === 0);
  expect((await postBytes(service, DETECT, sample(3))).status).toBe(200);
});

test('a body that could never be held is a 413 that names the limit', async () => {
  const answer = await announce(25 * MIB);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain(`one caller, ${20 * MIB}`);
});

test('a picture whose pixels could never be held is a 413 that names the limit, before it is decoded', async () => {
  const png = await sharp({ create: { width: 4000, height: 3000, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  const problem = await problemOf(await postBytes(service, DETECT, png, 'image/png'));
  expect(problem).toMatchObject({
    status: 413,
    code: 'image_too_many_pixels',
    memory_bytes: 72_000_000,
    max_bytes: 20 * MIB,
  });
  // The same picture as a JPEG is shrunk while it is decoded.
  const jpeg = await sharp(png).jpeg().toBuffer();
  expect((await postBytes(service, DETECT, jpeg)).status).toBe(200);
  await until(() => admission.state.pixelBytes === 0);
});

test('a body that does not say its length counts as long as it turns out to be', async () => {
  const response = await fetch(service.url + DETECT, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: ReadableStream.from([sample(3)]),
    duplex: 'half',
  });
  expect(response.status).toBe(200);
});

test('after a burst of four times what fits, nothing is held, and the jobs of callers that left have not run', async () => {
  const picture = sample(5);
  const leaving = new AbortController();
  const left = postJson(
    service,
    DETECT,
    { image_base64: picture.toString('base64') },
    { signal: leaving.signal },
  ).catch(() => undefined);
  const burst = Array.from({ length: 8 }, () => postBytes(service, DETECT, picture));
  await until(() => pool.state.running === 1);
  leaving.abort();
  const responses = await Promise.all(burst);
  await left;
  expect(responses.every(({ status }) => status === 200 || status === 503)).toBe(true);
  expect(responses.filter(({ status }) => status === 503).length).toBeGreaterThanOrEqual(4);
  await until(() => pool.state.running === 0 && pool.state.queued === 0);
  await until(() => admission.state.pictures === 0);
  expect(admission.state).toMatchObject({ bodyBytes: 0, pixelBytes: 0 });
  expect((await postBytes(service, DETECT, picture)).status).toBe(200);
});
