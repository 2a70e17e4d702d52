/** The loader as the rest of the service uses it: one method for all kinds of sources. */
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import sharp from 'sharp';
import { Config } from '../../src/config/config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { ImageDecoder } from '../../src/images/image-decoder.js';
import { ImageLoader } from '../../src/images/image-loader.service.js';
import { ImagesModule } from '../../src/images/images.module.js';
import { configWith } from '../support/config.js';
import { LoopbackServer } from '../support/loopback-server.js';
import { patient, refusalOf } from '../support/refusals.js';

@Module({})
class Root {}

const start = (config: Config): Promise<INestApplicationContext> =>
  NestFactory.createApplicationContext(
    { module: Root, imports: [ConfigModule.with(config), ImagesModule] },
    { logger: false, abortOnError: false },
  );

const create = { width: 20, height: 10, channels: 3 as const, background: '#336699' };
const jpeg = await sharp({ create }).jpeg({ quality: 95 }).toBuffer();
let app: INestApplicationContext;
let loader: ImageLoader;
let server: LoopbackServer;

beforeAll(async () => {
  server = await LoopbackServer.start((request, response) => {
    // The name and the type are wrong.
    if (request.url === '/picture.png') response.writeHead(200, { 'content-type': 'image/png' }).end(jpeg);
    else response.end('<html>please sign in</html>');
  });
  app = await start(configWith({ urlAllowedAddresses: ['127.0.0.1'], imageMaxBytes: 5_000 }));
  loader = app.get(ImageLoader);
});
afterAll(async () => {
  await app.close();
  await server.stop();
});

test('loads the same pixels from base64, a URL and an upload', async () => {
  const results = await Promise.all([
    loader.load({ kind: 'base64', field: 'image_base64', text: jpeg.toString('base64') }, patient),
    loader.load({ kind: 'url', field: 'image_url', url: server.url('/picture.png') }, patient),
    loader.load({ kind: 'bytes', field: 'image', bytes: jpeg }, patient),
  ]);
  for (const { image } of results) {
    expect([image.width, image.height, image.data.length]).toEqual([20, 10, 600]);
    expect(Buffer.from(image.data).equals(Buffer.from(results[0].image.data))).toBe(true);
    expect(Math.abs((image.data[2] ?? 0) - 0x99)).toBeLessThan(4);
  }
});

test('refuses what is too large, however it arrives', async () => {
  const bytes = Buffer.concat([jpeg, Buffer.alloc(5_000)]);
  const upload = await refusalOf(() => loader.load({ kind: 'bytes', field: 'body', bytes }, patient));
  const text = await refusalOf(() =>
    loader.load({ kind: 'base64', field: 'image1_base64', text: bytes.toString('base64') }, patient),
  );
  expect([upload.code, upload.details.field]).toEqual(['image_too_large', 'body']);
  expect([text.code, text.details.field]).toEqual(['image_too_large', 'image1_base64']);
});

test('a picture whose caller left during decoding releases its memory', async () => {
  const leaving = new AbortController();
  let decoding: Promise<unknown> = Promise.resolve();
  const memory = {
    acquire: () => Promise.resolve(),
    holdFor: (work: Promise<unknown>) => {
      decoding = work;
      leaving.abort(new Error('The caller has left.'));
    },
  };
  const source = { kind: 'bytes', field: 'image', bytes: jpeg } as const;
  expect((await refusalOf(() => loader.load(source, leaving.signal, { memory }))).code).toBe(
    'deadline_exceeded',
  );
  const late = (await decoding) as { data: Uint8Array };
  const next = await app.get(ImageDecoder, { strict: false }).decode(jpeg, 'image', patient);
  expect(next.data.buffer).toBe(late.data.buffer);
});

test('says that a URL leads to a page instead of a picture', async () => {
  const error = await refusalOf(() =>
    loader.load({ kind: 'url', field: 'image2_url', url: server.url('/login') }, patient),
  );
  expect([error.code, error.message]).toEqual(['image_undecodable', expect.stringContaining('an HTML page')]);
});

test('hands s3 URLs to the S3 source', async () => {
  const error = await refusalOf(() =>
    loader.load({ kind: 'url', field: 'image_url', url: ' s3://x' }, patient),
  );
  expect(error.message).toContain('s3://bucket/key');
});

test('does nothing for a request that has ended', async () => {
  const source = { kind: 'bytes', field: 'image', bytes: jpeg } as const;
  expect((await refusalOf(() => loader.load(source, AbortSignal.abort()))).code).toBe('deadline_exceeded');
});

test('does not start with a bad URL_ALLOWED_ADDRESSES', async () => {
  expect((await refusalOf(() => start(configWith({ urlAllowedAddresses: ['intranet'] })))).code).toBe(
    'invalid_configuration',
  );
});
