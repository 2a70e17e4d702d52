/** How the process stops: no accepted request is lost, callers are sent elsewhere in time, and it always ends. */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { killAll, listening, run } from '../support/service-process.js';
import { sample } from '../fixtures/pictures.js';
import { DETECT, json } from '../support/service.js';
import { until } from '../support/until.js';

let picture: Buffer;
beforeAll(async () => {
  picture = await sharp(sample(3)).resize(640).jpeg().toBuffer();
});
afterAll(killAll);

/** How a request ended. */
interface Outcome {
  /** Its number in the order in which requests began. */
  readonly begun: number;
  /** Undefined if there was no complete answer. */
  readonly status?: number;
  readonly connection?: string;
  readonly faces?: number;
  /** The error code, if there was no complete answer. */
  readonly error?: string;
  /** Whether it used a connection that an earlier request had used. */
  readonly reused: boolean;
}

let begunSoFar = 0;

/** Posts the picture. It never rejects. */
function detect(url: string, agent?: Agent): Promise<Outcome> {
  const begun = begunSoFar++;
  return new Promise((resolve) => {
    const headers = { 'content-type': 'image/jpeg', 'content-length': picture.length };
    const sent = request(url + DETECT, { agent, method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', failed);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { faces } = JSON.parse(Buffer.concat(chunks).toString()) as { faces?: unknown[] };
        const { statusCode: status, headers } = response;
        const { connection } = headers;
        resolve({ begun, status, connection, faces: faces?.length, reused: sent.reusedSocket });
      });
    });
    const failed = ({ code }: NodeJS.ErrnoException): void =>
      resolve({ begun, error: code ?? 'unknown', reused: sent.reusedSocket });
    sent.on('error', failed).end(picture);
  });
}

/** Whether there was no connection. When the service stops listening, the kernel resets connections it has not yet accepted. */
const wasRefused = ({ error, reused }: Outcome): boolean =>
  error === 'ECONNREFUSED' || (error === 'ECONNRESET' && !reused);

const isUp = (url: string): Promise<boolean> =>
  fetch(`${url}/-/livez`).then(
    () => true,
    () => false,
  );

test('under load: health fails at once, all else is served during the drain period, and nothing is lost', async () => {
  const drainMs = 4_000;
  const service = run({ SHUTDOWN_TIMEOUT_MS: String(drainMs), INFERENCE_MAX_WORKERS: '1' });
  const url = await listening(service);
  const outcomes: Outcome[] = [];
  const call = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true });
    let last: Outcome;
    do outcomes.push((last = await detect(url, agent)));
    while (last.error === undefined);
    agent.destroy();
  };
  const callers = [call(), call(), call(), call()];
  await until(() => outcomes.length >= 8);
  expect(outcomes.every(({ connection }) => connection === 'keep-alive')).toBe(true);

  const stopped = begunSoFar;
  service.child.kill('SIGTERM');
  await until(async () => (await fetch(`${url}/-/readyz`)).status === 503);
  const late = await detect(url);
  await Promise.all(callers);

  expect(late).toMatchObject({ status: 200, faces: 3, connection: 'close' });
  expect(outcomes.filter((outcome) => outcome.status !== 200 && !wasRefused(outcome))).toEqual([]);
  expect(outcomes.every(({ status, faces }) => status === undefined || faces === 3)).toBe(true);
  // Whatever began after the stop and before a request that was served is served as well.
  const inPeriod = outcomes.filter(({ begun }) => begun >= stopped && begun < late.begun);
  expect(inPeriod.every(({ status }) => status === 200)).toBe(true);
  // Callers keep no connection beyond the stop.
  const afterHealth = outcomes.filter(({ begun, status }) => begun >= late.begun && status === 200);
  expect(afterHealth.every(({ connection, reused }) => connection === 'close' && !reused)).toBe(true);
  expect(await service.ended).toBe(0);
  expect(service.output()).not.toMatch(/error/i);
});

test('requests that wait for a worker are answered, however many signals arrive', async () => {
  const service = run({ SHUTDOWN_TIMEOUT_MS: '0', INFERENCE_MAX_WORKERS: '1' });
  const url = await listening(service);
  const work = Array.from({ length: 12 }, () => detect(url));
  await until(async () => {
    const { details } = (await (await fetch(`${url}/-/readyz`)).json()) as {
      details: { inference: { running: number; queued: number } };
    };
    return details.inference.running + details.inference.queued >= 8;
  });
  const signals = setInterval(() => service.child.kill('SIGTERM'), 1);
  const outcomes = await Promise.all(work);
  expect(await service.ended).toBe(0);
  clearInterval(signals);
  expect(outcomes.filter(({ status, faces }) => status === 200 && faces === 3).length).toBeGreaterThanOrEqual(
    8,
  );
  expect(outcomes.filter((outcome) => outcome.status !== 200 && !wasRefused(outcome))).toEqual([]);
});

test('a request that waits for its picture is answered after the drain period, when no new connection is accepted', async () => {
  let asked = false;
  let answer = (): void => undefined;
  const web = createServer((_, response) => {
    asked = true;
    answer = () => void response.end(sample(3));
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const image_url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;

  const service = run({ URL_ALLOWED_ADDRESSES: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: '2000' });
  const url = await listening(service);
  const response = fetch(url + DETECT, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ image_url }),
  });
  await until(() => asked);
  service.child.kill('SIGTERM');
  await until(async () => !(await isUp(url)));
  answer();
  const answered = await response;
  expect(answered.headers.get('connection')).toBe('close');
  expect((await json<{ faces: object[] }>(answered)).faces).toHaveLength(3);
  expect(await service.ended).toBe(0);
  expect(service.output()).not.toMatch(/error/i);
  web.close();
});

test('connections without a request, and requests past their deadline, do not delay it', async () => {
  const web = createServer((_, response) => void response.write('x')).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const service = run({
    SHUTDOWN_TIMEOUT_MS: '0',
    REQUEST_TIMEOUT_MS: '1000',
    URL_TIMEOUT_MS: '600000',
    URL_ALLOWED_ADDRESSES: '127.0.0.1',
  });
  const url = await listening(service);
  const { port } = new URL(url);
  const open = async (text: string): Promise<Socket> => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  await open('');
  await open('GET /-/livez HTTP/1.1\r\nHost:');
  await open(`POST ${DETECT} HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nab`);
  const image_url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
  const stalled = fetch(url + DETECT, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ image_url }),
  });
  await once(web, 'request');
  // A connection that this process keeps open and idle.
  expect(await isUp(url)).toBe(true);
  service.child.kill('SIGTERM');
  expect((await stalled).status).toBe(504);
  expect(await service.ended).toBe(0);
  web.close();
});

test('a signal during the start stops it as soon as it has started', async () => {
  const service = run({ SHUTDOWN_TIMEOUT_MS: '0', INFERENCE_MIN_WORKERS: '2' });
  await until(() => service.output().includes('Nest'));
  await sleep(100);
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  expect(service.output()).not.toMatch(/error/i);
});
