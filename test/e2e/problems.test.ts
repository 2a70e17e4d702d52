/** Each way in which a request can fail, once, over HTTP: the status, the problem document, and what to do. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PROBLEMS } from '../../src/http/problems/problem.js';
import { ImageLoader } from '../../src/images/image-loader.service.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { WorkerThreads } from '../../src/inference/worker-threads.js';
import { blank, sample } from '../fixtures/pictures.js';
import {
  BATCH,
  COMPARE,
  DETECT,
  postBytes,
  postForm,
  postJson,
  problemOf,
  type Service,
  startService,
} from '../support/service.js';
import { until } from '../support/until.js';

const MAX_BODY = 3_000_000;
const MAX_IMAGE = 1_000_000;

let service: Service;
/** A service with a request deadline of 0.2 s. */
let impatient: Service;
/** A server that accepts connections and never answers. */
let silent: Server;
let silentUrl: string;
let nobody: Buffer;
const seen = new Set<string>();

beforeAll(async () => {
  silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/picture.jpg?token=verysecret`;
  service = await startService({
    urlAllowedAddresses: ['127.0.0.1'],
    maxBodyBytes: MAX_BODY,
    imageMaxBytes: MAX_IMAGE,
    imageMaxPixels: 3_000_000,
    urlTimeoutMs: 60_000,
    inferenceMaxQueue: 1,
    s3AllowedBuckets: ['photos'],
  });
  impatient = await startService({
    urlAllowedAddresses: ['127.0.0.1'],
    requestTimeoutMs: 200,
    urlTimeoutMs: 60_000,
  });
  nobody = await blank();
});
afterAll(async () => {
  await service.app.close();
  await impatient.app.close();
  silent.closeAllConnections();
  silent.close();
});

/** Sends a body unchanged. */
function send(path: string, body: string | Buffer, headers: Record<string, string>): Promise<Response> {
  return fetch(service.url + path, { method: 'POST', headers, body: body as RequestInit['body'] });
}

const TYPE_JSON = { 'content-type': 'application/json' };
const base64 = (bytes: Buffer): string => bytes.toString('base64');

/** Requests, each with the expected code and with the remedy that the detail must contain. */
const CASES: [title: string, code: keyof typeof PROBLEMS, words: RegExp, act: () => Promise<Response>][] = [
  ['no picture', 'invalid_request', /Send one of/, () => postJson(service, DETECT, {})],
  ['no body at all', 'invalid_request', /Send one of/, () => fetch(service.url + DETECT, { method: 'POST' })],
  ['an empty form', 'invalid_request', /Send one of/, () => postForm(service, DETECT, {})],
  [
    'two pictures',
    'invalid_request',
    /Send only one of .* not image_base64 and image_url/,
    () => postJson(service, DETECT, { image_base64: base64(nobody), image_url: 'https://example.com/a.jpg' }),
  ],
  [
    'a file and base64',
    'invalid_request',
    /not image_base64 and image\b/,
    () => postForm(service, DETECT, { image: nobody, image_base64: base64(nobody) }),
  ],
  [
    'a file under another name',
    'invalid_request',
    /photo is not an expected form field/,
    () => postForm(service, DETECT, { photo: nobody }),
  ],
  [
    'a file of compare sent to detect',
    'invalid_request',
    /image1 is not an expected form field/,
    () => postForm(service, DETECT, { image1: nobody }),
  ],
  [
    'an unknown field',
    'invalid_request',
    /beard should not exist/,
    () => postJson(service, DETECT, { image_base64: base64(nobody), beard: 1 }),
  ],
  ['cut JSON', 'malformed_body', /not valid JSON/, () => send(DETECT, '{"image_base64": "', TYPE_JSON)],
  ['a JSON list', 'malformed_body', /must be a JSON object/, () => send(DETECT, '[]', TYPE_JSON)],
  ['a JSON string', 'malformed_body', /JSON/, () => send(DETECT, '"picture"', TYPE_JSON)],
  [
    'a form that breaks off',
    'malformed_body',
    /form cannot be read/,
    () => send(DETECT, '--b\r\nContent-Disp', { 'content-type': 'multipart/form-data; boundary=b' }),
  ],
  [
    'a form without a boundary',
    'malformed_body',
    /form cannot be read/,
    () => send(DETECT, 'abc', { 'content-type': 'multipart/form-data' }),
  ],
  [
    'plain text',
    'unsupported_media_type',
    /send application\/json, multipart\/form-data or image/,
    () => send(DETECT, 'picture', { 'content-type': 'text/plain' }),
  ],
  [
    'an unknown compression',
    'unsupported_media_type',
    /uncompressed/,
    () => send(DETECT, '{}', { ...TYPE_JSON, 'content-encoding': 'snappy' }),
  ],
  [
    'a JSON body over the limit',
    'body_too_large',
    /3000000 bytes.* send a smaller/,
    () => send(DETECT, JSON.stringify({ image_base64: 'A'.repeat(MAX_BODY) }), TYPE_JSON),
  ],
  [
    'a raw body over the limit',
    'body_too_large',
    /1000000 bytes.* send a smaller/,
    () => postBytes(service, DETECT, Buffer.alloc(MAX_IMAGE + 1)),
  ],
  [
    'a form file over the limit',
    'image_too_large',
    /send a smaller/,
    () => postForm(service, DETECT, { image: Buffer.alloc(MAX_IMAGE + 1) }),
  ],
  [
    'base64 over the limit',
    'image_too_large',
    /send a smaller/,
    () => postJson(service, DETECT, { image_base64: base64(Buffer.alloc(MAX_IMAGE + 1)) }),
  ],
  [
    'a form over the limit, of parts below it',
    'body_too_large',
    /3000000 bytes.* send a smaller/,
    () =>
      postForm(service, DETECT, { image_base64: 'A'.repeat(2_000_000), image_url: 'A'.repeat(2_000_000) }),
  ],
  [
    'a form that does not say its length',
    'body_too_large',
    /3000000 bytes/,
    () => {
      const part = Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="image_url"\r\n\r\n${'A'.repeat(1_000_000)}\r\n`,
      );
      const body = ReadableStream.from([part, part, part, part]);
      const headers = { 'content-type': 'multipart/form-data; boundary=b' };
      return fetch(service.url + DETECT, { method: 'POST', headers, body, duplex: 'half' });
    },
  ],
  ['an unknown route', 'not_found', /GET \/docs/, () => fetch(`${service.url}/v1/faces?q=verysecret`)],
  ['a wrong method', 'not_found', /GET \/docs/, () => fetch(service.url + DETECT)],
  [
    'bytes that are no picture',
    'image_undecodable',
    /send a/,
    () => postBytes(service, DETECT, Buffer.from('hello')),
  ],
  ['an empty raw body', 'image_undecodable', /empty/, () => postBytes(service, DETECT, Buffer.alloc(0))],
  [
    'half a JPEG',
    'image_undecodable',
    /send a complete/,
    () => postBytes(service, DETECT, sample(2).subarray(0, 40_000)),
  ],
  [
    'text that is no base64',
    'image_undecodable',
    /send the bytes/,
    () => postJson(service, DETECT, { image_base64: 'no base64!' }),
  ],
  [
    'a BMP',
    'image_unsupported',
    /convert it to/,
    () => postBytes(service, DETECT, Buffer.from('BM' + '\0'.repeat(60))),
  ],
  [
    'a picture of too many pixels',
    'image_too_many_pixels',
    /send a smaller one/,
    async () => postBytes(service, DETECT, await blank(2001, 1500)),
  ],
  [
    'a comparison without a face',
    'no_face',
    /image1; send a picture that shows one/,
    () => postForm(service, COMPARE, { image1: nobody, image2: sample(3) }),
  ],
  [
    'a host that does not answer',
    'download_failed',
    /check/,
    () => postJson(service, DETECT, { image_url: 'http://127.0.0.1:1/a.jpg?token=verysecret' }),
  ],
  [
    'a private address',
    'address_forbidden',
    /use a public address/,
    () => postJson(service, DETECT, { image_url: 'http://192.168.0.1/a.jpg?token=verysecret' }),
  ],
  [
    'the address of cloud metadata',
    'address_forbidden',
    /use a public address/,
    () => postJson(service, DETECT, { image_url: 'http://169.254.169.254/latest/meta-data/' }),
  ],
  [
    'a bucket that is not allowed',
    'address_forbidden',
    /use another/,
    () => postJson(service, DETECT, { image_url: 's3://other/a.jpg' }),
  ],
  [
    'a picture that does not arrive in time',
    'deadline_exceeded',
    /200 ms: send a smaller picture, or try again later/,
    () => postJson(impatient, DETECT, { image_url: silentUrl }),
  ],
  ['an empty batch', 'invalid_request', /requests/, () => postJson(service, BATCH, { requests: [] })],
  ['no batch', 'invalid_request', /requests/, () => postJson(service, BATCH, {})],
];

test.each(CASES)('%s: %s', async (_, code, words, act) => {
  const problem = await problemOf(await act());
  expect(problem).toMatchObject({ code, status: PROBLEMS[code].status, title: PROBLEMS[code].title });
  expect(problem.detail).toMatch(words);
  expect(JSON.stringify(problem)).not.toContain('verysecret');
  if (code === 'invalid_request') {
    expect(problem.errors?.length).toBeGreaterThan(0);
    for (const { field, message } of problem.errors ?? []) {
      expect(field).toMatch(/^[a-z0-9_.]+$/);
      expect(message.length).toBeGreaterThan(10);
    }
  } else {
    expect(problem.errors).toBeUndefined();
  }
  seen.add(code);
});

test('an unexpected error reveals only the id of the request', async () => {
  const loader = service.app.get(ImageLoader);
  const load = loader.load.bind(loader);
  loader.load = () => Promise.reject(new TypeError('the password of /etc/shadow is verysecret'));
  try {
    const response = await postBytes(service, DETECT, nobody);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 500, code: 'internal', title: PROBLEMS.internal.title });
    expect(problem.detail).toContain(problem.request_id);
    expect(Object.keys(problem)).toEqual(['type', 'title', 'status', 'detail', 'code', 'request_id']);
    expect(JSON.stringify(problem)).not.toMatch(/verysecret|shadow|TypeError/);
    seen.add(problem.code);
  } finally {
    loader.load = load;
  }
});

test('a request whose worker dies gets a clean 500, and the next request is served', async () => {
  const pool = service.app.get(InferencePool);
  const { threads } = service.app.get(WorkerThreads, { strict: false });
  const doomed = postBytes(service, DETECT, sample(1));
  await until(() => pool.state.running === 1);
  // An uncaught exception between two model runs.
  threads[0].postMessage(null);
  const problem = await problemOf(await doomed);
  expect(problem).toMatchObject({ status: 500, code: 'worker_failed' });
  expect(problem.detail).toContain(problem.request_id);
  seen.add(problem.code);
  expect((await postBytes(service, DETECT, nobody)).status).toBe(200);
});

test('more requests than the queue holds: 503 with Retry-After, and the waiting ones are answered', async () => {
  const picture = sample(5);
  const responses = await Promise.all(Array.from({ length: 12 }, () => postBytes(service, DETECT, picture)));
  const refused = responses.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(responses.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
  expect(responses.every(({ status }) => status === 200 || status === 503)).toBe(true);
  for (const response of refused) {
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: 'overloaded' });
    expect(problem.detail).toMatch(/try again later/);
    seen.add(problem.code);
  }
});

test('a caller that disconnects ends its download', async () => {
  const connected = new Promise<void>((resolve) => silent.once('connection', () => resolve()));
  const controller = new AbortController();
  const asked = postJson(service, DETECT, { image_url: silentUrl }, { signal: controller.signal });
  await connected;
  controller.abort();
  await expect(asked).rejects.toThrow(/abort/);
  await until(async () => {
    const open = await new Promise<number>((resolve) => silent.getConnections((_, count) => resolve(count)));
    return open === 0;
  });
});

test('a caller’s request id is used if it is harmless, and replaced if not', async () => {
  const ask = async (id: string): Promise<string | null> =>
    (await fetch(`${service.url}/-/livez`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
  expect(await ask('order-4711')).toBe('order-4711');
  expect(await ask('a b')).not.toBe('a b');
  expect(await ask('x'.repeat(65))).toMatch(/^[\w-]{36}$/);
});

test('a request that is not HTTP only ends its connection', async () => {
  const { port } = new URL(service.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.end('nonsense\r\n\r\n'));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400/);
  expect((await fetch(`${service.url}/-/livez`)).status).toBe(200);
});

test('every code of the table was seen, except those of the start, S3, access and broken requests, which have their own tests', () => {
  const elsewhere = [
    'object_not_found',
    'malformed_request',
    'headers_too_large',
    'expectation_failed',
    'request_timeout',
    'api_key_missing',
    'api_key_invalid',
    'rate_limited',
    'invalid_configuration',
    'invalid_pack',
    'pack_unavailable',
  ];
  expect([...seen, ...elsewhere].toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
});
