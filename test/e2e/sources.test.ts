/** The same picture by every way into the service gives the same answer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import type { DetectResponseDto } from '../../src/faces/detect.dto.js';
import {
  DETECT,
  facesOf,
  json,
  postBytes,
  postForm,
  postJson,
  problemOf,
  sample,
  type Service,
  startService,
} from './support.js';

/** The part of s3rver used here; it comes without types. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver;

const environment = { ...process.env };
const picture = sample(5);
let web: Server;
let webUrl: string;
let directory: string;
let store: S3rver;
let service: Service;
let expected: DetectResponseDto;

beforeAll(async () => {
  // The SDK's own chain, kept away from this machine's profiles and from the metadata service.
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
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;

  service = await startService({
    urlAllowedAddresses: ['127.0.0.1'],
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

test('an object or bucket that is not there is 404', async () => {
  for (const image_url of ['s3://photos/nothing.jpg', 's3://no-such-bucket/five.jpg']) {
    const problem = await problemOf(await postJson(service, DETECT, { image_url }));
    expect(problem).toMatchObject({ status: 404, code: 'object_not_found', field: 'image_url' });
  }
});

test('a URL that answers an error is the caller’s to mend, and its query is not repeated', async () => {
  const image_url = `${webUrl}/missing.jpg?signature=verysecret`;
  const problem = await problemOf(await postJson(service, DETECT, { image_url }));
  expect(problem).toMatchObject({ status: 400, code: 'download_failed', field: 'image_url' });
  expect(JSON.stringify(problem)).not.toContain('verysecret');
});
