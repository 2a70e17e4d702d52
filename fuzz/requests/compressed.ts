/** Compressed bodies: bombs for routes with and without a body, broken streams and odd encodings. */
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../../bench/simulate/random.js';
import { bytes, integer, pick } from '../core/draw.js';
import { BATCH, COMPARE, DETECT, head } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import type { CraftedRequest } from './request-case.js';

/** Routes that take a body, and routes that do not. */
const TARGETS = [
  DETECT,
  COMPARE,
  BATCH,
  '/-/livez',
  '/-/readyz',
  '/metrics',
  '/docs',
  '/no/such/route',
  '/v1/models',
];
const METHODS = ['POST', 'POST', 'POST', 'PUT', 'PATCH', 'GET', 'DELETE'];

const PACKERS = {
  gzip: (body: Buffer) => gzipSync(body, { level: 9 }),
  deflate: (body: Buffer) => deflateSync(body, { level: 9 }),
  br: (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
};

function packed(
  random: Random,
  target: string,
  body: Buffer,
  encoding: string,
  type = 'application/json',
): CraftedRequest {
  const method = pick(random, METHODS);
  const headers = { 'Content-Type': type, 'Content-Encoding': encoding, 'Content-Length': body.length };
  return { steps: [head(method, target, headers), { base64: body.toString('base64') }], bystander: true };
}

const bombs = new Map<string, Buffer>();

/** Bombs take long to make, so each is made only once. */
function bomb(kind: keyof typeof PACKERS, part: string, unpacked: number): Buffer {
  const key = [kind, part, unpacked].join();
  const made = bombs.get(key) ?? PACKERS[kind](Buffer.alloc(unpacked, part));
  bombs.set(key, made);
  return made;
}

const kinds = Object.keys(PACKERS) as (keyof typeof PACKERS)[];

export const COMPRESSED_IDEAS: readonly Idea<CraftedRequest>[] = [
  {
    title: 'compressed: millions of objects for a route without a body',
    make: (random) => {
      const target = pick(random, ['/-/livez', '/metrics', '/docs', '/no/such/route']);
      const body = gzipSync(
        Buffer.concat([Buffer.from('['), Buffer.alloc(60_000_000, '{},'), Buffer.from('{}]')]),
        { level: 9 },
      );
      return { ...packed(random, target, body, 'gzip'), connections: pick(random, [1, 4]) };
    },
  },
  ...kinds.map((kind) => ({
    title: `compressed: ${kind} bomb`,
    make: (random: Random) => {
      const part = pick(random, ['{},', '[', '0', ' ', '"a"', '{"fields":']);
      const type = pick(random, [
        'application/json',
        'image/jpeg',
        'multipart/form-data; boundary=x',
        'text/plain',
      ]);
      return {
        ...packed(
          random,
          pick(random, TARGETS),
          bomb(kind, part, pick(random, [50_000_000, 400_000_000])),
          kind,
          type,
        ),
        connections: pick(random, [1, 8]),
      };
    },
  })),
  {
    title: 'compressed: bodies of other methods, many at a time',
    make: (random) => {
      const body = bomb('gzip', '[],', 60_000_000);
      const method = pick(random, ['PUT', 'GET', 'DELETE', 'OPTIONS', 'PATCH']);
      const headers = {
        'Content-Type': 'application/json',
        'Content-Encoding': 'gzip',
        'Content-Length': body.length,
      };
      return {
        steps: [head(method, pick(random, TARGETS), headers), { base64: body.toString('base64') }],
        connections: 40,
        bystander: true,
      };
    },
  },
  {
    title: 'compressed: broken streams',
    weight: 3,
    make: (random) => {
      const kind = pick(random, kinds);
      const valid = PACKERS[kind](Buffer.from('{"image_base64":"AAAA"}'));
      const body = pick(random, [
        valid.subarray(0, integer(random, 0, valid.length - 1)),
        bytes(random, 100),
        Buffer.concat([valid, valid]),
        Buffer.concat([valid, bytes(random, 50)]),
        deflateRawSync(Buffer.from('{}')),
        Buffer.alloc(0),
      ]);
      return packed(random, pick(random, TARGETS), body, pick(random, kinds));
    },
  },
  {
    title: 'compressed: odd encodings',
    weight: 2,
    make: (random) => {
      const encoding = pick(random, [
        'gzip, gzip',
        'x-gzip',
        'GZIP',
        'zstd',
        'compress',
        'identity',
        'identity, gzip',
        'utf-8',
        '*',
        ',',
        'gzip;q=1',
        'a'.repeat(5_000),
      ]);
      return packed(
        random,
        pick(random, TARGETS),
        gzipSync(Buffer.from('{"image_base64":"AAAA"}')),
        encoding,
      );
    },
  },
  {
    title: 'compressed: a thousand members',
    make: (random) => {
      const member = gzipSync(Buffer.from(pick(random, ['', ' ', '{},'])));
      return packed(
        random,
        pick(random, TARGETS),
        Buffer.concat(Array.from({ length: pick(random, [1_000, 200_000]) }, () => member)),
        'gzip',
      );
    },
  },
];
