/** The same picture gives the same answer, however it reaches the service. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import type { DetectResponseDto } from '../../src/faces/detect.dto.js';
import { Admission } from '../../src/inference/admission.service.js';
import { sample } from '../fixtures/pictures.js';
import {
  DETECT,
  facesOf,
  json,
  postBytes,
  postForm,
  postJson,
  problemOf,
  type Service,
  startService,
} from '../support/service.js';
import { until } from '../support/until.js';

/** The part of s3rver used here, which has no types. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver;

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n';

/** Called when the web server has stalled. */
const stalling = new EventEmitter();

const environment = { ...process.env };
const picture = sample(5);
let web: Server;
let webUrl: string;
let directory: string;
let store: S3rver;
let service: Service;
let expected: DetectResponseDto;

/** A redirect as careless servers write it, without encoding. */
function moveTo(socket: Socket | null, location: string): void {
  socket?.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
}

beforeAll(async () => {
  // The SDK's own credential chain, without this machine's profiles and the metadata service.
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'S3RVER',
    AWS_SECRET_ACCESS_KEY: 'S3RVER',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  });
  directory = await mkdtemp(join(tmpdir(), 'e2e-s3-'));
  store = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: 'photos' }],
  });
  const s3Endpoint = `http://127.0.0.1:${(await store.run()).port}`;
  const client = new S3Client({ endpoint: s3Endpoint, forcePathStyle: true, region: 'us-east-1' });
  await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'stairs/five people.jpg', Body: picture }));
  client.destroy();

  web = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/five.jpg?size=full' }).end();
    else if (request.url?.startsWith('/five.jpg')) response.end(picture);
    else if (request.url === '/to-unicode') moveTo(response.socket, '/fünf.jpg');
    else if (request.url === '/f%C3%BCnf.jpg') response.end(picture);
    else if (request.url?.startsWith('/labelled-'))
      response.writeHead(200, { 'content-encoding': request.url.slice('/labelled-'.length) }).end(picture);
    else if (request.url === '/packed')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(picture));
    else if (request.url === '/switching') response.socket?.write(SWITCHING);
    else if (request.url === '/stalling') {
      response.writeHead(200, { 'content-length': picture.length });
      response.write(picture.subarray(0, 50_000), () => stalling.emit('stalled'));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;

  service = await startService({
    urlAllowedAddresses: ['127.0.0.1'],
    urlMaxDownloads: 8,
    requestTimeoutMs: 5_000,
    s3Endpoint,
    s3ForcePathStyle: true,
  });
  expected = { faces: await facesOf(service, picture) };
});
afterAll(async () => {
  await service.app.close();
  web.closeAllConnections();
  web.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
  process.env = environment;
});

const ways: Record<string, () => Promise<Response>> = {
  base64: () => postJson(service, DETECT, { image_base64: picture.toString('base64') }),
  'a data: URL': () =>
    postJson(service, DETECT, { image_base64: `data:image/jpeg;base64,${picture.toString('base64')}` }),
  'URL-safe base64': () => postJson(service, DETECT, { image_base64: picture.toString('base64url') }),
  'base64 in lines': () =>
    postJson(service, DETECT, { image_base64: picture.toString('base64').replace(/.{76}/g, '$&\r\n') }),
  'base64 in a form': () => postForm(service, DETECT, { image_base64: picture.toString('base64') }),
  'an http URL': () => postJson(service, DETECT, { image_url: `${webUrl}/five.jpg` }),
  'an http URL with redirect': () => postJson(service, DETECT, { image_url: `${webUrl}/moved` }),
  'an http URL with blanks around it': () =>
    postJson(service, DETECT, { image_url: ` \t\r\n${webUrl}/five.jpg \n` }),
  'an http URL with blanks around it in a form': () =>
    postForm(service, DETECT, { image_url: ` ${webUrl}/five.jpg\r\n` }),
  'an http URL with a redirect in raw UTF-8': () =>
    postJson(service, DETECT, { image_url: `${webUrl}/to-unicode` }),
  'an http URL of a server that says aws-chunked': () =>
    postJson(service, DETECT, { image_url: `${webUrl}/labelled-aws-chunked` }),
  'an http URL of a server that says nothing as a coding': () =>
    postJson(service, DETECT, { image_url: `${webUrl}/labelled-` }),
  'an http URL of a server that packs': () => postJson(service, DETECT, { image_url: `${webUrl}/packed` }),
  'an s3 URL with blanks around it': () =>
    postJson(service, DETECT, { image_url: '\n s3://photos/stairs/five people.jpg ' }),
  'an http URL in a form': () => postForm(service, DETECT, { image_url: `${webUrl}/five.jpg` }),
  'an s3 URL': () => postJson(service, DETECT, { image_url: 's3://photos/stairs/five people.jpg' }),
  'a form file': () => postForm(service, DETECT, { image: picture }),
  'a raw body': () => postBytes(service, DETECT, picture),
  'a raw body of another name': () => postBytes(service, DETECT, picture, 'image/png'),
  'a raw body of no name': () => postBytes(service, DETECT, picture, 'application/octet-stream'),
};

test.each(Object.keys(ways))('%s', async (way) => {
  expect(expected.faces).toHaveLength(5);
  expect(await json(await ways[way]())).toEqual(expected);
});

test.each(['png', 'webp', 'tiff'] as const)('a lossless %s of the same pixels', async (format) => {
  const lossless = await sharp(picture)
    .toFormat(format, format === 'webp' ? { lossless: true, exact: true, effort: 0 } : { compression: 'lzw' })
    .toBuffer();
  const faces = await facesOf(service, lossless);
  expect(faces.map(({ bounding_box }) => bounding_box)).toEqual(
    expected.faces.map(({ bounding_box }) => bounding_box),
  );
});

test('a missing object or bucket gives 404', async () => {
  for (const image_url of ['s3://photos/nothing.jpg', 's3://no-such-bucket/five.jpg']) {
    const problem = await problemOf(await postJson(service, DETECT, { image_url }));
    expect(problem).toMatchObject({ status: 404, code: 'object_not_found', field: 'image_url' });
  }
});

test('a URL that answers with an error is the caller’s fault, and its query is not repeated', async () => {
  const image_url = `${webUrl}/missing.jpg?signature=verysecret`;
  const problem = await problemOf(await postJson(service, DETECT, { image_url }));
  expect(problem).toMatchObject({ status: 400, code: 'download_failed', field: 'image_url' });
  expect(JSON.stringify(problem)).not.toContain('verysecret');
});

test.each([
  'https://[::1',
  'http://[',
  'https://[::1]x/',
  'http://%',
  'http://a b/',
  'http://1.2.3.4.5/',
  'http://256.1.1.1/',
  'http://a:99999/',
  'http://a:b/',
  'http://\u0000/',
  'http://xn--/',
  'http:///',
  'http://@/',
  's3://[::1',
  's3://photos/%',
  's3://photos/\ud800',
  's3://photos/\u0000',
])('the URL %j is the caller’s fault', async (image_url) => {
  const problem = await problemOf(await postJson(service, DETECT, { image_url }));
  expect([400, 404]).toContain(problem.status);
  expect(problem).toMatchObject({
    field: 'image_url',
    detail: expect.stringContaining('image_url') as string,
  });
});

test.each([
  '',
  ' ',
  'example.com/a.jpg',
  'ftp://example.com/a.jpg',
  `http://example.com/${'a'.repeat(9_000)}`,
])('the text %.40j is not a URL for a picture', async (image_url) => {
  const problem = await problemOf(await postJson(service, DETECT, { image_url }));
  expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
  expect(problem.detail + JSON.stringify(problem)).toContain('image_url');
});

test('a server that switches to another protocol is answered at once', async () => {
  const problem = await problemOf(await postJson(service, DETECT, { image_url: `${webUrl}/switching` }));
  expect(problem).toMatchObject({
    code: 'download_failed',
    detail: expect.stringContaining('101') as string,
  });
});

test('stalled downloads are counted, limited per caller, and end when their callers leave', async () => {
  const admission = service.app.get(Admission, { strict: false });
  const callers = new AbortController();
  const begun: Promise<unknown>[] = [];
  for (let count = 0; count < 4; count++) {
    const stalled = once(stalling, 'stalled');
    const body = { image_url: `${webUrl}/stalling` };
    begun.push(postJson(service, DETECT, body, { signal: callers.signal }).catch(() => undefined));
    await stalled;
  }
  await until(() => admission.state.bodyBytes >= 200_000);
  const refused = await postJson(service, DETECT, { image_url: `${webUrl}/five.jpg` });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await problemOf(refused)).toMatchObject({ status: 503, code: 'overloaded', downloads: 4 });
  callers.abort();
  await Promise.all(begun);
  await until(() => admission.state.bodyBytes === 0);
  expect(await json(await postJson(service, DETECT, { image_url: `${webUrl}/five.jpg` }))).toEqual(expected);
});
