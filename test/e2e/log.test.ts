/** The JSON log: one line per request, and nothing that callers would not want in a log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { DetectResponseDto } from '../../src/faces/detect.dto.js';
import { blank, sample } from '../fixtures/pictures.js';
import { BATCH, DETECT, postBytes, postJson } from '../support/service.js';
import { until } from '../support/until.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let child: ChildProcess;
let web: Server;
let webUrl: string;
let text = '';
const service = { url: '' };

beforeAll(async () => {
  web = createServer((_, response) => void response.writeHead(404).end()).listen(0, '127.0.0.1');
  await once(web, 'listening');
  webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  child = spawn(process.execPath, ['dist/src/main.js'], {
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_FORMAT: 'json',
      SHUTDOWN_TIMEOUT_MS: '0',
      URL_ALLOWED_ADDRESSES: '127.0.0.1',
      // Nothing accepts spans at this port, which must not affect requests.
      OTEL_EXPORTER_OTLP_ENDPOINT: webUrl,
      AWS_SECRET_ACCESS_KEY: 'verysecret-key',
      AWS_ACCESS_KEY_ID: 'verysecret-id',
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await until(() => /Listening on (http:\/\/[\d.:]+)/.test(text));
  service.url = /Listening on (http:\/\/[\d.:]+)/.exec(text)?.[1] ?? '';
});
afterAll(async () => {
  child.kill('SIGTERM');
  await once(child, 'close');
  web.closeAllConnections();
  web.close();
});

interface Line {
  readonly level: string;
  readonly context: string;
  readonly message: string;
  readonly request_id: string;
  readonly [fact: string]: unknown;
}

const lines = (): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** The lines about one request, once it has ended. */
async function about(response: Response): Promise<Line[]> {
  const id = response.headers.get('x-request-id');
  const found = (): Line[] => lines().filter(({ request_id }) => request_id === id);
  await until(() => found().some(({ context }) => context === 'Request'));
  return found();
}

test('a request is one line: id, route, status, stage times, faces, trace', async () => {
  const response = await fetch(`${service.url}${DETECT}?max_faces=2&token=`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: new Uint8Array(sample(3)),
  });
  expect(response.status).toBe(422);
  const answer = await fetch(`${service.url}${DETECT}?max_faces=2`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg', traceparent: `00-${TRACE}-00f067aa0ba902b7-01` },
    body: new Uint8Array(sample(3)),
  });
  expect(((await answer.json()) as DetectResponseDto).faces).toHaveLength(2);
  const [line, ...others] = await about(answer);
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    level: 'log',
    context: 'Request',
    method: 'POST',
    route: DETECT,
    status: 200,
    pictures: 1,
    faces: 2,
    trace_id: TRACE,
  });
  const times = line.stages_ms as Record<string, number>;
  expect(Object.keys(times)).toEqual(['load', 'decode', 'queue', 'detect', 'recognise', 'attributes']);
  expect(Object.values(times).reduce((a, b) => a + b)).toBeLessThanOrEqual((line.duration_ms as number) + 50);
  expect((await about(response))[0]).toMatchObject({ status: 422, problems: ['invalid_request'] });
});

test('the items of a batch are counted in its one line', async () => {
  const image_base64 = (await blank()).toString('base64');
  const requests = [{ image_base64 }, { image_base64: 'no base64!' }];
  const [line, ...others] = await about(await postJson(service as never, BATCH, { requests }));
  expect(others).toEqual([]);
  expect(line).toMatchObject({ status: 200, pictures: 2, faces: 0, problems: ['image_undecodable'] });
});

test('a failed download is a warning that names the host and the reason, under the id of its request', async () => {
  const image_url = `${webUrl}/verysecret-path.jpg?X-Amz-Signature=verysecret-query#verysecret-part`;
  const found = await about(await postJson(service as never, DETECT, { image_url }));
  expect(found).toHaveLength(2);
  expect(found[0]).toMatchObject({
    level: 'warn',
    context: 'Images',
    code: 'download_failed',
    origin: 'http',
    host: '127.0.0.1',
    message: expect.stringMatching(/answered with status 404/) as string,
  });
  expect(found[1]).toMatchObject({ status: 400, problems: ['download_failed'] });
});

test('the causes of a failed download are in the log: codes and hosts', async () => {
  const causeOf = async (image_url: string): Promise<unknown> =>
    (await about(await postJson(service as never, DETECT, { image_url })))[0].causes;
  expect(await causeOf('https://no-such-host.invalid/verysecret')).toEqual([
    expect.stringMatching(/^Error (ENOTFOUND|EAI_AGAIN) getaddrinfo no-such-host\.invalid$/),
  ]);
  expect(await causeOf('http://127.0.0.1:1/verysecret')).toEqual(['Error ECONNREFUSED connect 127.0.0.1 1']);
});

test('health and metrics are not logged at this level', async () => {
  for (const path of ['/-/livez', '/-/readyz', '/metrics'])
    expect((await fetch(service.url + path)).status).toBe(200);
  await about(await fetch(`${service.url}/no/such/route?verysecret-query`));
  expect(lines().filter(({ route }) => /livez|readyz|metrics/.test(String(route)))).toEqual([]);
});

test('no line holds a picture, an embedding, a credential, or more of a URL than its host', async () => {
  const picture = sample(3);
  const answer = await postBytes(service as never, DETECT, picture);
  const { faces } = (await answer.json()) as DetectResponseDto;
  await about(answer);
  const secret = 'verysecret-password';
  const urls = [
    `https://user:${secret}@example.com/`,
    'http://127.0.0.1:1/verysecret.jpg?verysecret',
    's3://bucket/verysecret-key?verysecret',
    'not a url verysecret',
    'data:image/png;base64,verysecret',
    `http://192.168.0.1/?token=${secret}`,
  ];
  for (const image_url of urls) {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer verysecret-token' };
    const body = JSON.stringify({ image_url });
    await about(await fetch(`${service.url}${DETECT}`, { method: 'POST', headers, body }));
  }
  await about(await postJson(service as never, DETECT, { image_base64: picture.toString('base64') }));
  await about(await fetch(`${service.url}/verysecret/route?verysecret`));

  expect(lines().length).toBeGreaterThan(10);
  expect(text).not.toMatch(/verysecret/);
  expect(text).not.toContain(picture.toString('base64').slice(0, 40));
  const [number] = (faces[0] as { feature: number[] }).feature;
  expect(text).not.toContain(String(number));
  for (const line of text.split('\n')) expect(line.length).toBeLessThan(2_000);
});
