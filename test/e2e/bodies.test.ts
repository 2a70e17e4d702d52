/** Bodies are read only on routes that take one, and within limits of their structure. Anything else that is sent costs nothing. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Admission } from '../../src/inference/admission.service.js';
import type { ProblemDto } from '../../src/http/problems/problem.dto.js';
import { blank, sample } from '../fixtures/pictures.js';
import { BATCH, COMPARE, DETECT, postBytes, type Service, startService } from '../support/service.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'multipart/form-data; boundary=b' };
let service: Service;
/** Gives callers half a second to send their request. */
let hasty: Service;
let guarded: Service;
let nobody: Buffer;

beforeAll(async () => {
  service = await startService();
  hasty = await startService({ httpReceiveTimeoutMs: 500 });
  guarded = await startService({ apiKeys: [`ci:${'0'.repeat(64)}`] });
  nobody = await blank();
});
afterAll(async () => {
  await service.app.close();
  await hasty.app.close();
  await guarded.app.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly problem: ProblemDto;
}

/** Sends a body with exactly these headers: fetch would add a content type. */
function send(
  { url }: Service,
  path: string,
  body: Buffer | string,
  headers: Record<string, string> = JSON_TYPE,
  method = 'POST',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url + path, {
      method,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    asked.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const problem = JSON.parse(Buffer.concat(chunks).toString() || '{}') as ProblemDto;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, problem });
      });
    });
    asked.end(body);
  });
}

/** Writes bytes to a connection. @returns everything received until it is closed */
function exchange({ url }: Service, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => socket.destroy()).on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

const part = (disposition: string, content: string): string =>
  `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
const form = (...parts: string[]): string => `${parts.join('')}--b--\r\n`;
const gif = 'GIF89a';

describe('routes that take no body', () => {
  test.each([
    ['POST', '/-/livez', 404],
    ['PUT', DETECT, 404],
    ['GET', DETECT, 404],
    ['GET', '/-/livez', 200],
    ['DELETE', '/v1/models', 404],
    ['POST', '/v1/nothing', 404],
    ['POST', '/metrics', 404],
  ])('%s %s answers without reading it', async (method, path, status) => {
    const bomb = gzipSync(Buffer.alloc(8 * MIB, '{"a":'));
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    expect((await send(service, path, bomb, headers, method)).status).toBe(status);
    expect((await send(service, path, Buffer.alloc(3 * MIB), headers, method)).status).toBe(status);
    expect(service.app.get(Admission, { strict: false }).state.bodyBytes).toBe(0);
  });

  test('nor is the body of a caller without a key', async () => {
    const bomb = gzipSync(Buffer.alloc(8 * MIB, '{"a":'));
    for (const path of [DETECT, BATCH, '/v1/nothing'])
      expect((await send(guarded, path, bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(
        401,
      );
  });
});

test.each([
  ['a gzip bomb', gzipSync(`{"image_base64":[${'1,'.repeat(20_000_000)}1]}`), { 'content-encoding': 'gzip' }],
  ['a brotli bomb', brotliCompressSync(Buffer.alloc(8 * MIB, '[')), { 'content-encoding': 'br' }],
  ['a deflate bomb', deflateSync(Buffer.alloc(40 * MIB, '[],')), { 'content-encoding': 'deflate' }],
  ['bytes sent as an object', Buffer.from(JSON.stringify({ image_base64: new Uint8Array(300_000) })), {}],
  ['a list as a text of megabytes', Buffer.from(JSON.stringify({ fields: 'yaw,'.repeat(3_000_000) })), {}],
  [
    'many unknown fields',
    Buffer.from(`{${Array.from({ length: 1_900 }, (_, i) => `"k${i}":1`).join()}}`),
    {},
  ],
  ['a field whose name is long', Buffer.from(`{"${'k'.repeat(5 * MIB)}":1}`), {}],
])('%s is 422 with a short answer', async (_, body, headers) => {
  const { status, problem } = await send(service, DETECT, body, { ...JSON_TYPE, ...headers });
  expect(problem.code).toBe('invalid_request');
  expect(status).toBe(422);
  expect(problem.errors?.length).toBeGreaterThan(0);
  expect(problem.errors?.length).toBeLessThanOrEqual(20);
  expect(JSON.stringify(problem).length).toBeLessThan(5_000);
});

describe('bodies are read by their content', () => {
  const okay = async (body: Buffer, headers: Record<string, string>): Promise<void> => {
    expect((await send(service, `${DETECT}?fields=`, body, headers)).status).toBe(200);
  };

  test.each([
    'image/jpeg',
    'image/*',
    'IMAGE/JPEG; q=1',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'text/plain',
  ])('a picture with the content type %s', (type) => okay(nobody, { 'content-type': type }));
  test('a picture without a content type', () => okay(nobody, {}));
  test.each([
    'application/json',
    'application/json; charset=utf8',
    'application/json;charset="UTF-8"',
    'application/vnd.a+json',
  ])('JSON with the content type %s', (type) =>
    okay(Buffer.from(JSON.stringify({ image_base64: nobody.toString('base64') })), { 'content-type': type }),
  );
  test.each(['', 'identity', 'aws-chunked', 'utf-8'])(
    'plain bytes with the content encoding "%s"',
    (encoding) => okay(nobody, { 'content-type': 'image/jpeg', 'content-encoding': encoding }),
  );
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('%s', (encoding, pack) =>
    okay(pack(nobody), { 'content-type': 'image/jpeg', 'content-encoding': encoding }),
  );

  test.each(['image', 'image; filename=""', 'image; filename=a.jpg'])(
    'a form with the part name=%s',
    async (name) => {
      const body = Buffer.concat([
        Buffer.from(`--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\n`),
        nobody,
        Buffer.from('\r\n--b\r\nContent-Disposition: form-data; name="fields"\r\n\r\n\r\n--b--'),
      ]);
      await okay(body, FORM_TYPE);
    },
  );
});

test.each<[string, string, string, Record<string, string>, string, RegExp]>([
  [
    'JSON without a content type',
    DETECT,
    '{}',
    {},
    'unsupported_media_type',
    /no Content-Type header: send application\/json/,
  ],
  [
    'JSON as curl -d sends it',
    DETECT,
    '{}',
    { 'content-type': 'application/x-www-form-urlencoded' },
    'unsupported_media_type',
    /x-www-form-urlencoded is not supported here: send application\/json/,
  ],
  [
    'UTF-16',
    DETECT,
    '{}',
    { 'content-type': 'application/json; charset=utf-16' },
    'unsupported_media_type',
    /UTF-8/,
  ],
  ['a form for a batch', BATCH, form(), FORM_TYPE, 'unsupported_media_type', /send application\/json\.$/],
  [
    'a picture to compare',
    COMPARE,
    gif,
    { 'content-type': 'image/gif' },
    'unsupported_media_type',
    /send application\/json or multipart\/form-data\.$/,
  ],
  [
    'what is no gzip',
    DETECT,
    '{}',
    { ...JSON_TYPE, 'content-encoding': 'gzip' },
    'malformed_body',
    /cannot be unpacked/,
  ],
  [
    'nested form fields',
    DETECT,
    form(part('name="fields[0][0]"', 'x')),
    FORM_TYPE,
    'invalid_request',
    /should not exist/,
  ],
  [
    'a form field of the prototype',
    DETECT,
    form(part('name="__proto__"', 'x')),
    FORM_TYPE,
    'invalid_request',
    /__proto__ should not exist/,
  ],
  [
    'JSON fields of the prototype',
    DETECT,
    '{"constructor":1,"toString":{},"__proto__":{"image_url":"https://a"}}',
    JSON_TYPE,
    'invalid_request',
    /__proto__ should not exist/,
  ],
  [
    'two files',
    DETECT,
    form(part('name="image"; filename="a"', gif), part('name="image"; filename="b"', gif)),
    FORM_TYPE,
    'invalid_request',
    /image occurs more than once/,
  ],
  [
    'an extra file',
    DETECT,
    form(part('name="image"; filename="a"', gif), part('name="more"; filename="b"', gif)),
    FORM_TYPE,
    'invalid_request',
    /more is not an expected form field for a file: send the file as "image"/,
  ],
  [
    'an option twice',
    DETECT,
    form(part('name="max_faces"', '1'), part('name="max_faces"', '2')),
    FORM_TYPE,
    'invalid_request',
    /max_faces/,
  ],
  [
    'many parts',
    DETECT,
    form(...Array.from({ length: 500 }, (_, i) => part(`name="f${i}"`, 'x'))),
    FORM_TYPE,
    'invalid_request',
    /more than 64 parts/,
  ],
  [
    'a long boundary',
    DETECT,
    'x',
    { 'content-type': `multipart/form-data; boundary=${'a'.repeat(5000)}` },
    'malformed_body',
    /boundary .* 70 characters/,
  ],
  ['a list for a number', DETECT, '{"max_faces":[1]}', JSON_TYPE, 'invalid_request', /max_faces must/],
  [
    'a list for a text',
    DETECT,
    '{"image_base64":["QUJD"]}',
    JSON_TYPE,
    'invalid_request',
    /image_base64 must be a string/,
  ],
  ['an object for a list', DETECT, '{"fields":{"0":"yaw"}}', JSON_TYPE, 'invalid_request', /fields/],
])('%s: refused, with the remedy', async (_, path, body, headers, code, words) => {
  const { problem } = await send(service, path, body, headers);
  expect(problem.code).toBe(code);
  expect(problem.detail).toMatch(words);
});

describe('an invalid request', () => {
  const HOST = 'Host: a\r\n';
  test.each([
    ['no HTTP', 'nonsense\r\n\r\n', 400, 'malformed_request'],
    ['a target that is no URL', `GET https://[::1 HTTP/1.1\r\n${HOST}\r\n`, 400, 'malformed_request'],
    ['a target with a NUL', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, 400, 'malformed_request'],
    ['CONNECT', `CONNECT a:80 HTTP/1.1\r\n${HOST}\r\n`, 400, 'malformed_request'],
    ['no host', 'GET /-/livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed_request'],
    [
      'two lengths',
      `POST ${DETECT} HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
      400,
      'malformed_request',
    ],
    [
      'a length and chunks',
      `POST ${DETECT} HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'malformed_request',
    ],
    [
      'a bad chunk',
      `POST ${DETECT} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
      'malformed_request',
    ],
    [
      'long chunk extensions',
      `POST ${DETECT} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(40_000)}\r\n{\r\n`,
      413,
      'body_too_large',
    ],
    ['long headers', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(70_000)}\r\n\r\n`, 431, 'headers_too_large'],
    [
      'an expectation',
      `POST ${DETECT} HTTP/1.1\r\n${HOST}Expect: pizza\r\nContent-Length: 2\r\n\r\n`,
      417,
      'expectation_failed',
    ],
    [
      'a body that stalls',
      `POST ${DETECT} HTTP/1.1\r\n${HOST}Content-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nabc`,
      408,
      'request_timeout',
    ],
    ['headers that stall', `POST ${DETECT} HTTP/1.1\r\n${HOST}`, 408, 'request_timeout'],
    [
      '100 GB',
      `POST ${DETECT} HTTP/1.1\r\n${HOST}Content-Type: image/jpeg\r\nContent-Length: 100000000000\r\n\r\n`,
      413,
      'body_too_large',
    ],
    [
      '100 GB where none belongs',
      `POST /-/livez HTTP/1.1\r\n${HOST}Content-Length: 100000000000\r\n\r\n`,
      404,
      'not_found',
    ],
    [
      'text where a picture was announced, and is waited for',
      `POST ${BATCH} HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n`,
      415,
      'unsupported_media_type',
    ],
  ])('%s: a problem document, and the end of the connection', async (_, bytes, status, code) => {
    const answer = await exchange(code === 'request_timeout' ? hasty : service, bytes);
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toMatch(/\r\nContent-Type: application\/problem\+json/i);
    expect(head).toMatch(/\r\nConnection: close/i);
    const problem = JSON.parse(body) as ProblemDto;
    expect(problem).toMatchObject({ status, code });
    expect(head.toLowerCase()).toContain(`x-request-id: ${problem.request_id}`);
    expect(problem.detail).toMatch(/^\S.{10,}[.]$/);
  });

  test('does not affect the answer to the previous request', async () => {
    const body = JSON.stringify({ image_base64: nobody.toString('base64'), fields: [] });
    const head = `POST ${DETECT} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    for (const nonsense of ['NONSENSE\r\n\r\n', 'x'.repeat(200_000)]) {
      const answers = await exchange(service, `${head}${body}${nonsense}`);
      expect(answers).toMatch(/^HTTP\/1\.1 200 [^]*\{"faces":\[\]\}HTTP\/1\.1 400 /);
    }
  });
});

test('Expect: 100-continue is answered if the body will be read; otherwise the request is refused at once', async () => {
  const ask = (type: string): Promise<{ continued: boolean; status: number }> =>
    new Promise((resolve, reject) => {
      let continued = false;
      const headers = { 'content-type': type, 'content-length': nobody.length, expect: '100-continue' };
      const asked = request(service.url + (type === 'image/jpeg' ? `${DETECT}?fields=` : BATCH), {
        method: 'POST',
        headers,
      });
      asked.on('continue', () => {
        continued = true;
        asked.end(nobody);
      });
      asked.on('response', (response) => {
        response.resume();
        resolve({ continued, status: response.statusCode ?? 0 });
        asked.destroy();
      });
      asked.on('error', reject).flushHeaders();
    });
  expect(await ask('image/jpeg')).toEqual({ continued: true, status: 200 });
  expect(await ask('image/png')).toEqual({ continued: false, status: 415 });
});

test('a body that arrives byte by byte takes no more memory than one in a single piece', async () => {
  const chunk = `1\r\nA\r\n`.repeat(20_000);
  const { port } = new URL(service.url);
  const before = process.memoryUsage().rss;
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST ${DETECT} HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  for (let count = 0; count < 50; count++) socket.write(chunk);
  const admission = service.app.get(Admission, { strict: false });
  await until(() => admission.state.bodyBytes === 1_000_000);
  // A Buffer for each byte would be 100 MB and more.
  expect(process.memoryUsage().rss - before).toBeLessThan(60 * MIB);
  socket.destroy();
  await until(() => admission.state.bodyBytes === 0);
});

test('connections that announce much but send nothing block no one', async () => {
  const { port } = new URL(service.url);
  const idle = Array.from({ length: 40 }, () => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `POST ${DETECT} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${60 * MIB}\r\n\r\n{`,
    );
    return socket;
  });
  expect((await postBytes(service, `${DETECT}?fields=`, sample(3))).status).toBe(200);
  for (const socket of idle) socket.destroy();
});
