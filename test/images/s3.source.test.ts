/** Objects read by the real AWS SDK from a real S3-compatible server on a loopback address. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Config } from '../../src/config/config.js';
import { type AppError } from '../../src/errors.js';
import { S3Source } from '../../src/images/sources/s3.source.js';
import { configWith, LoopbackServer, patient, refusalOf } from './support.js';

/** The part of s3rver used here; it comes without types. */
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
  // The SDK's own chain, kept away from this machine's profiles and from the metadata service.
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

test('says that the store denies access', async () => {
  process.env.AWS_ACCESS_KEY_ID = 'NOBODY';
  const error = await refusal('s3://photos/a.jpg').finally(() => (process.env.AWS_ACCESS_KEY_ID = 'S3RVER'));
  expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining('denies access')]);
});

test('says that there are no credentials', async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  const error = await refusal('s3://photos/a.jpg').finally(() => (process.env.AWS_ACCESS_KEY_ID = 'S3RVER'));
  expect([error.code, error.message]).toEqual([
    'download_failed',
    expect.stringContaining('no AWS credentials'),
  ]);
});

describe('a store that misbehaves', () => {
  let misbehaving: LoopbackServer;
  beforeAll(async () => {
    misbehaving = await LoopbackServer.start((request, response) => {
      if (request.url?.includes('silent') === true) return;
      if (request.url?.includes('endless') !== true) return void response.write('x');
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

  test('ends when the request does', async () => {
    const source = sourceWith({ ...settings(), urlTimeoutMs: 5_000 });
    const error = await refusalOf(() =>
      source.load('s3://photos/stall', 'image_url', AbortSignal.timeout(80)),
    );
    expect(error.code).toBe('deadline_exceeded');
    await misbehaving.drained();
  });
});
