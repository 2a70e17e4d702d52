/** Reads objects with the real AWS SDK from a real S3-compatible server on a loopback address. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Config } from '../../src/config/config.js';
import { type AppError } from '../../src/errors.js';
import { causesOf } from '../../src/images/sources/causes.js';
import { S3Source } from '../../src/images/sources/s3.source.js';
import { type ProbeResult } from '../support/s3-probe.js';
import { configWith } from '../support/config.js';
import { LoopbackServer } from '../support/loopback-server.js';
import { patient, refusalOf } from '../support/refusals.js';

/** The part of s3rver used here, which has no types. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver;

const CAP = 100_000;
const picture = Buffer.alloc(50_000, 3);
const sources: S3Source[] = [];
let directory: string;
let store: S3rver;
let endpoint: string;
const environment = { ...process.env };

function sourceWith(settings: Partial<Config> = {}): S3Source {
  const source = new S3Source(
    configWith({
      s3Endpoint: endpoint,
      s3ForcePathStyle: true,
      imageMaxBytes: CAP,
      urlTimeoutMs: 5_000,
      ...settings,
    }),
  );
  sources.push(source);
  return source;
}

const load = (url: string, settings?: Partial<Config>): Promise<Uint8Array> =>
  sourceWith(settings).load(url, 'image_url', patient);
const refusal = (url: string, settings?: Partial<Config>): Promise<AppError> =>
  refusalOf(() => load(url, settings));

beforeAll(async () => {
  // The SDK's own credential chain, without this machine's profiles and the metadata service.
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'S3RVER',
    AWS_SECRET_ACCESS_KEY: 'S3RVER',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  });
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE', 'AWS_SESSION_TOKEN'])
    delete process.env[name];
  directory = await mkdtemp(join(tmpdir(), 'images-s3-'));
  const buckets = [{ name: 'photos' }, { name: 'private' }];
  store = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: buckets });
  endpoint = `http://127.0.0.1:${(await store.run()).port}`;
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' });
  const objects = {
    'a.jpg': picture,
    'deep/er/a b.jpg': picture,
    '100%.jpg': picture,
    'a+b&c=ü.jpg': picture,
    'big.jpg': Buffer.alloc(CAP + 1),
  };
  for (const [Key, Body] of Object.entries(objects))
    await client.send(new PutObjectCommand({ Bucket: 'photos', Key, Body }));
  client.destroy();
});
afterEach(() => {
  for (const source of sources.splice(0)) source.onApplicationShutdown();
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
  process.env = environment;
});

test.each([
  's3://photos/a.jpg',
  'S3://photos/a.jpg',
  's3://photos/deep/er/a b.jpg',
  's3://photos/deep/er/a%20b.jpg',
  's3://photos/100%.jpg',
  's3://photos/a+b&c=ü.jpg',
  's3://photos/a%2Bb%26c%3D%C3%BC.jpg',
])('reads %s', async (url) => {
  expect(picture.equals(await load(url))).toBe(true);
});

test('reads several with one client, in a configured region', async () => {
  const source = sourceWith({ s3Region: 'eu-central-1', s3AllowedBuckets: ['photos'] });
  const all = await Promise.all([1, 2, 3].map(() => source.load('s3://photos/a.jpg', 'image_url', patient)));
  expect(all.map((bytes) => bytes.byteLength)).toEqual([picture.length, picture.length, picture.length]);
});

test.each([
  ['s3://photos/missing.jpg', 'object_not_found', 'object'],
  ['s3://photos/missing%20too.jpg', 'object_not_found', 'object'],
  ['s3://nobucket/a.jpg', 'object_not_found', 'bucket'],
  ['s3://photos/big.jpg', 'image_too_large', `${CAP}`],
  ['s3://photos', 'download_failed', 's3://bucket/key'],
  ['s3://photos/', 'download_failed', 's3://bucket/key'],
  ['s3:///a.jpg', 'download_failed', 's3://bucket/key'],
  ['s3://user:secret@photos/a.jpg', 'download_failed', 's3://bucket/key'],
  ['s3://photos/../private/a.jpg', 'download_failed', '..'],
  ['s3://photos/%2e%2e/private/a.jpg', 'download_failed', '..'],
])('refuses %s: %s', async (url, code, word) => {
  const error = await refusal(url);
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(word)]);
  expect(error.message).toContain('image_url');
});

test('refuses a bucket that is not on the list', async () => {
  expect((await refusal('s3://private/a.jpg', { s3AllowedBuckets: ['photos'] })).code).toBe(
    'address_forbidden',
  );
});

test('says that the store rejects the credentials of the service', async () => {
  process.env.AWS_ACCESS_KEY_ID = 'NOBODY';
  const error = await refusal('s3://photos/a.jpg').finally(() => (process.env.AWS_ACCESS_KEY_ID = 'S3RVER'));
  expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining('S3 settings')]);
  expect(causesOf(error.cause)).toEqual([expect.stringMatching(/^InvalidAccessKeyId .*403/)]);
});

test('says that there are no credentials', async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  const error = await refusal('s3://photos/a.jpg').finally(() => (process.env.AWS_ACCESS_KEY_ID = 'S3RVER'));
  expect([error.code, error.message]).toEqual([
    'download_failed',
    expect.stringContaining('no AWS credentials'),
  ]);
});

const PROBE = fileURLToPath(new URL('../support/s3-probe.js', import.meta.url));
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n';
const oddServers: LoopbackServer[] = [];
afterAll(() => Promise.all(oddServers.map((odd) => odd.stop())));

async function oddEndpoint(answer: (socket: Socket) => void): Promise<string> {
  const odd = await LoopbackServer.startRaw(answer);
  oddServers.push(odd);
  return odd.url();
}

/** What a store's error document contains besides its code. */
const BODIES: Record<string, string> = {
  NotXml: 'gone',
  Html: '<!doctype html><html><body>Not here</body></html>',
  Empty: '',
  Deep: '<Error>'.repeat(2_000),
  Entities: `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">${'<!ENTITY b "&a;&a;&a;&a;">'.repeat(50)}]><Error><Code>&b;&b;</Code></Error>`,
  Proto: '<Error><__proto__><x>1</x></__proto__><Code>toString</Code></Error>',
};

describe('a store that misbehaves', () => {
  let misbehaving: LoopbackServer;
  beforeAll(async () => {
    misbehaving = await LoopbackServer.start((request, response) => {
      const [, status, code] = /error-(\d+)-(\w+)/.exec(request.url ?? '') ?? [];
      if (status !== undefined) {
        const body =
          BODIES[code] ?? `<Error><Code>${code}</Code><Message>secret 123456789012</Message></Error>`;
        return void response.writeHead(Number(status), { 'content-type': 'application/xml' }).end(body);
      }
      if (request.url?.includes('flooding') === true) response.writeHead(400);
      if (request.url?.includes('packed') === true) {
        const packed = gzipSync(request.url.includes('bomb') ? Buffer.alloc(20 * CAP) : picture);
        return void response.writeHead(200, { 'content-encoding': 'aws-chunked,gzip' }).end(packed);
      }
      if (request.url?.includes('silent') === true) return;
      if (!/endless|flooding/.test(request.url ?? '')) return void response.write('x');
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on('drain', more);
      more();
    });
  });
  afterAll(() => misbehaving.stop());
  const settings = (): Partial<Config> => ({ s3Endpoint: misbehaving.url(), urlTimeoutMs: 250 });

  test.each(['silent', 'stall'])('%s ends at the deadline', async (key) => {
    expect((await refusal(`s3://photos/${key}`, settings())).message).toContain('longer than 250 ms');
    await misbehaving.drained();
  });

  test('endless is too large, and its socket is closed', async () => {
    expect((await refusal('s3://photos/endless', { ...settings(), urlTimeoutMs: 5_000 })).code).toBe(
      'image_too_large',
    );
    await misbehaving.drained();
  });

  test('an error without end is cut off, and its socket is closed', async () => {
    const error = await refusal('s3://photos/flooding', { ...settings(), urlTimeoutMs: 5_000 });
    expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining('status 400')]);
    await misbehaving.drained();
  });

  test.each([
    ['403-AccessDenied', 'denies access'],
    ['403-InvalidObjectState', 'archived'],
    ['403-SignatureDoesNotMatch', 'S3 settings (credentials, clock or region)'],
    ['403-RequestTimeTooSkewed', 'S3 settings (credentials, clock or region)'],
    ['400-ExpiredToken', 'S3 settings (credentials, clock or region)'],
    ['400-InvalidToken', 'S3 settings (credentials, clock or region)'],
    ['400-AuthorizationHeaderMalformed', 'S3 settings (credentials, clock or region)'],
    ['301-PermanentRedirect', 'S3 settings (credentials, clock or region)'],
    ['403-NotXml', 'denies access'],
    ['403-Empty', 'denies access'],
    ['400-Deep', 'status 400'],
    ['400-Entities', 'status 400'],
    ['400-Proto', 'status 400'],
    ['418-Html', 'status 418'],
    ['503-SlowDown', 'status 503; try again'],
  ])('error %s: %s', async (name, reason) => {
    const error = await refusal(`s3://photos/error-${name}`, { ...settings(), urlTimeoutMs: 5_000 });
    expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining(reason)]);
    expect(error.message + causesOf(error.cause).join()).not.toMatch(/secret|1234/);
    // The operator sees the store's own code.
    const [status = '', code = ''] = name.split('-');
    if (BODIES[code] === undefined)
      expect(causesOf(error.cause)[0]).toMatch(new RegExp(`^${code} .*${status}`));
  });

  test('an object that is stored compressed is unpacked, within the limit', async () => {
    expect(picture.equals(await load('s3://photos/packed', settings()))).toBe(true);
    expect((await refusal('s3://photos/packed-bomb', settings())).code).toBe('image_too_large');
  });

  test('ends when the request does', async () => {
    const source = sourceWith({ ...settings(), urlTimeoutMs: 5_000 });
    const error = await refusalOf(() =>
      source.load('s3://photos/stall', 'image_url', AbortSignal.timeout(80)),
    );
    expect(error.code).toBe('deadline_exceeded');
    await misbehaving.drained();
  });
});

test('an unreachable store: the caller learns the reason, and the operator also the host', async () => {
  const stores: [string, string, RegExp][] = [
    ['http://127.0.0.1:1', 'refused the connection', /ECONNREFUSED connect 127\.0\.0\.1 1/],
    ['http://store.invalid:9000', 'could not be resolved', /(ENOTFOUND|EAI_AGAIN) .*store\.invalid/],
    [endpoint.replace('http:', 'https:'), 'no secure connection', /EPROTO|ERR_SSL/],
    [await oddEndpoint((socket) => socket.end('220 hello\r\n')), 'does not speak HTTP', /HPE_/],
    [await oddEndpoint((socket) => socket.end()), 'broke off', /ECONNRESET/],
    [await oddEndpoint((socket) => socket.write(SWITCHING)), 'longer than 2000 ms', /^Error/],
  ];
  const endpoints = stores.map(([store]) => store);
  const { stdout } = await promisify(execFile)(process.execPath, [PROBE, ...endpoints], {
    env: { ...process.env },
  });
  const results = JSON.parse(stdout) as ProbeResult[];
  for (const [index, [store, reason, cause]] of stores.entries()) {
    const { code, message, causes } = results[index];
    expect([store, code, message]).toEqual([store, 'download_failed', expect.stringContaining(reason)]);
    expect(message).not.toContain('store.invalid');
    expect(causes.join()).toMatch(cause);
  }
});

test('reads from buckets of several regions at the same time', async () => {
  const regions: Record<string, string> = { north: 'eu-north-1', south: 'af-south-1' };
  const world = await LoopbackServer.start((request, response) => {
    const [, bucket = ''] = (request.url ?? '').split('/');
    const region = regions[bucket] ?? 'us-east-1';
    const signedFor = /Credential=[^/]+\/\d+\/([^/]+)/.exec(request.headers.authorization ?? '')?.[1];
    if (signedFor === region) return void response.end(bucket);
    response.writeHead(301, { 'x-amz-bucket-region': region });
    setTimeout(() => response.end('<Error><Code>PermanentRedirect</Code></Error>'), 5);
  });
  const source = sourceWith({ s3Endpoint: world.url() });
  const buckets = Array.from({ length: 30 }, (_, index) => ['north', 'home', 'south'][index % 3] ?? '');
  const read = await Promise.all(
    buckets.map((bucket) => source.load(`s3://${bucket}/a`, 'image_url', patient)),
  );
  expect(read.map((bytes) => Buffer.from(bytes).toString())).toEqual(buckets);
  source.onApplicationShutdown();
  await world.stop();
});
