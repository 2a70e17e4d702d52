/** TIFFs and BigTIFFs built tag by tag (TIFF 6.0, DNG 1.7): loops, counts of billions, bombs of every compression. */
import { deflateSync } from 'node:zlib';
import type { Random } from '../../bench/simulate/random.js';
import { bytes, chance, edge, integer, pick } from '../core/draw.js';
import type { Idea } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';

const TAG = {
  newSubfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  subDirectories: 330,
  sampleFormat: 339,
  jpegTables: 347,
  exif: 34665,
  icc: 34675,
  dngVersion: 50706,
} as const;

/** Type 4: 32 bits per value. */
const LONG = 4;

/** A tag with its value, or with the offset of its values. */
interface Entry {
  readonly tag: number;
  readonly value: number;
  readonly type?: number;
  readonly count?: number;
}

/** A directory at `at`, in the order given. */
function directory(entries: readonly Entry[], next = 0): Buffer {
  const made = Buffer.alloc(2 + entries.length * 12 + 4);
  made.writeUInt16LE(entries.length & 0xffff);
  for (const [index, { tag, value, type = LONG, count = 1 }] of entries.entries()) {
    const at = 2 + index * 12;
    made.writeUInt16LE(tag, at);
    made.writeUInt16LE(type, at + 2);
    made.writeUInt32LE(count >>> 0, at + 4);
    made.writeUInt32LE(value >>> 0, at + 8);
  }
  made.writeUInt32LE(next >>> 0, 2 + entries.length * 12);
  return made;
}

const HEAD_BYTES = 8;

/** A file with its data and one directory after it. @param next the offset that it gives for the next directory */
function tiff(data: Buffer, entries: readonly Entry[], next?: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(HEAD_BYTES + data.length, 4);
  return Buffer.concat([head, data, directory(entries, next)]);
}

/** Tags of a picture in one strip. */
function strip(
  width: number,
  height: number,
  data: Buffer,
  more: Partial<Record<keyof typeof TAG, number>> = {},
): Buffer {
  const values = {
    width,
    height,
    bits: 8,
    compression: 1,
    photometric: 1,
    stripOffsets: HEAD_BYTES,
    samples: 1,
    rowsPerStrip: height,
    stripBytes: data.length,
    ...more,
  };
  const entries = Object.entries(values).map(([name, value]) => ({
    tag: TAG[name as keyof typeof TAG],
    value,
  }));
  return tiff(
    data,
    entries.sort((a, b) => a.tag - b.tag),
  );
}

/** The tags that a grey picture of 8×8 pixels needs. Its pixels follow the header. */
const SOUND: readonly Entry[] = [
  { tag: TAG.width, value: 8 },
  { tag: TAG.height, value: 8 },
  { tag: TAG.bits, value: 8 },
  { tag: TAG.compression, value: 1 },
  { tag: TAG.photometric, value: 1 },
  { tag: TAG.stripOffsets, value: HEAD_BYTES },
  { tag: TAG.samples, value: 1 },
  { tag: TAG.rowsPerStrip, value: 8 },
  { tag: TAG.stripBytes, value: 64 },
];

const DEFLATE = 8;
const COMPRESSIONS = [
  1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34676, 34712, 34887, 34925, 50000, 50001, 50002, 65535,
];

const side = (random: Random): number =>
  pick(random, [1, 2, 64, 6_300, 65_535, 65_536, 40_000_000, 0xffffffff]);

export const TIFF_IDEAS: readonly Idea<CraftedPicture>[] = [
  {
    title: 'tiff deflate bomb of one strip',
    make: () => ({
      bytes: strip(6_300, 6_300, deflateSync(Buffer.alloc(6_300 * 6_300), { level: 9 }), {
        compression: DEFLATE,
      }),
      together: 4,
    }),
  },
  {
    title: 'tiff whose strip unpacks to far more',
    make: (random) => {
      const data = deflateSync(Buffer.alloc(400_000_000), { level: 9 });
      return {
        bytes: strip(64, 64, data, { compression: DEFLATE, rowsPerStrip: pick(random, [1, 64, 0xffffffff]) }),
      };
    },
  },
  {
    title: 'tiff of any size',
    weight: 2,
    make: (random) => ({ bytes: strip(side(random), side(random), bytes(random, 64)), together: 2 }),
  },
  {
    title: 'tiff of 40 megapixels of many bits and samples',
    make: (random) => {
      const bits = pick(random, [16, 32, 64]);
      return {
        bytes: strip(6_300, 6_300, deflateSync(Buffer.alloc(6_300 * 63 * (bits / 8)), { level: 9 }), {
          compression: DEFLATE,
          bits,
          samples: pick(random, [1, 3, 4, 64, 65_535]),
          sampleFormat: pick(random, [1, 2, 3, 6]),
        }),
        together: 4,
      };
    },
  },
  {
    title: 'tiff of any bits, samples and compression',
    weight: 4,
    make: (random) => ({
      bytes: strip(64, 64, bytes(random, 8_000), {
        bits: pick(random, [0, 1, 2, 7, 8, 12, 16, 24, 32, 64, 128, 65_535]),
        samples: pick(random, [0, 1, 2, 3, 4, 5, 255, 65_535]),
        compression: pick(random, COMPRESSIONS),
        photometric: pick(random, [0, 1, 2, 3, 4, 5, 6, 8, 32803, 32844, 34892]),
        planar: pick(random, [1, 2, 3]),
        predictor: pick(random, [1, 2, 3, 9]),
        rowsPerStrip: pick(random, [0, 1, 64, 0xffffffff]),
        sampleFormat: integer(random, 0, 7),
      }),
    }),
  },
  {
    title: 'tiff with a tile larger than the picture',
    make: (random) => {
      const data = deflateSync(Buffer.alloc(100_000), { level: 9 });
      return {
        bytes: tiff(data, [
          { tag: TAG.width, value: 8 },
          { tag: TAG.height, value: 8 },
          { tag: TAG.bits, value: 8 },
          { tag: TAG.compression, value: pick(random, [1, DEFLATE]) },
          { tag: TAG.photometric, value: 1 },
          { tag: TAG.samples, value: 1 },
          { tag: TAG.tileWidth, value: pick(random, [16, 60_000, 65_520, 0x7ffffff0]) },
          { tag: TAG.tileHeight, value: pick(random, [16, 60_000, 65_520, 0x7ffffff0]) },
          { tag: TAG.tileOffsets, value: HEAD_BYTES },
          { tag: TAG.tileBytes, value: data.length },
        ]),
        together: 4,
      };
    },
  },
  {
    title: 'tiff whose directories go in circles',
    make: (random) => {
      const data = bytes(random, 64);
      const own = HEAD_BYTES + data.length;
      const entries = [
        ...SOUND,
        { tag: TAG.subDirectories, value: own, count: pick(random, [1, 1_000_000]) },
        { tag: TAG.exif, value: own },
      ];
      return { bytes: tiff(data, entries, own) };
    },
  },
  {
    title: 'tiff of very many pages',
    make: (random) => {
      const pages = pick(random, [1_000, 60_000]);
      const entries = SOUND;
      const size = directory(entries).length;
      const head = Buffer.from('II*\0\x08\0\0\0', 'latin1');
      const all = Array.from({ length: pages }, (_, page) =>
        directory(entries, HEAD_BYTES + (page + 1) * size),
      );
      return { bytes: Buffer.concat([head, ...all]) };
    },
  },
  {
    title: 'tiff tags of any kind and count',
    weight: 3,
    make: (random) => {
      const known = Object.values(TAG);
      const entries = Array.from({ length: pick(random, [12, 100, 5_000]) }, () => ({
        tag: chance(random, 0.6) ? pick(random, known) : edge(random, 16),
        type: integer(random, 0, 20),
        count: edge(random, 32),
        value: chance(random, 0.5) ? HEAD_BYTES : edge(random, 32),
      }));
      return { bytes: tiff(bytes(random, 500), [...SOUND, ...entries]) };
    },
  },
  {
    title: 'tiff of strips by the million',
    make: () => {
      const count = 1_000_000;
      const data = Buffer.alloc(count * 8, 8);
      return {
        bytes: tiff(data, [
          { tag: TAG.width, value: 8 },
          { tag: TAG.height, value: count },
          { tag: TAG.bits, value: 8 },
          { tag: TAG.compression, value: 1 },
          { tag: TAG.photometric, value: 1 },
          { tag: TAG.stripOffsets, value: HEAD_BYTES, count },
          { tag: TAG.samples, value: 1 },
          { tag: TAG.rowsPerStrip, value: 1 },
          { tag: TAG.stripBytes, value: HEAD_BYTES + count * 4, count },
        ]),
      };
    },
  },
  {
    title: 'tiff that is a raw photograph (DNG)',
    make: () => ({
      bytes: strip(64, 64, Buffer.alloc(64 * 64, 100), { dngVersion: 0x401, newSubfileType: 1 }),
      allowed: [400, 415],
    }),
  },
  {
    title: 'tiff with a large ICC profile',
    make: (random) => {
      const data = Buffer.alloc(5_000_000, random() * 256);
      return {
        bytes: tiff(data, [...SOUND, { tag: TAG.icc, type: 7, count: data.length, value: HEAD_BYTES }]),
      };
    },
  },
  {
    title: 'bigtiff of any numbers',
    make: (random) => {
      const made = bytes(random, 400);
      made.write('II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0', 'latin1');
      made.writeUInt32LE(pick(random, [3, 0xffffffff]), 16);
      for (let at = 24; at + 20 <= 400; at += 20) made.writeUInt16LE(256 + integer(random, 0, 30), at);
      return { bytes: made };
    },
  },
];
