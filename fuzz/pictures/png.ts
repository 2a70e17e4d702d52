/** PNGs built chunk by chunk (W3C PNG specification, third edition): false sizes, bombs, floods, wrong order. */
import { crc32, deflateSync } from 'node:zlib';
import { bytes, chance, edge, integer, pick } from '../core/draw.js';
import type { Idea } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';
import { loopingExif } from './exif.js';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** The fields of IHDR. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth?: number;
  readonly colour?: keyof typeof CHANNELS;
  readonly interlace?: number;
}

/** A chunk. @param length a false length instead of the true one */
export function chunk(type: string, data: Buffer, length = data.length): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(length >>> 0);
  body.copy(made, 4);
  made.writeUInt32BE(crc32(body), body.length + 4);
  return made;
}

function header({ width, height, depth = 8, colour = 2, interlace = 0 }: Header): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width >>> 0);
  data.writeUInt32BE(height >>> 0, 4);
  data.set([depth, colour, 0, 0, interlace], 8);
  return chunk('IHDR', data);
}

/** The rows of zeros that the header announces. */
function lines({ width, height, depth = 8, colour = 2 }: Header, level = 9): Buffer {
  const lineBytes = 1 + Math.ceil((width * CHANNELS[colour] * depth) / 8);
  return chunk('IDAT', deflateSync(Buffer.alloc(Math.min(lineBytes * height, 300_000_000)), { level }));
}

function png(...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([SIGNATURE, ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

function small(...extra: readonly Buffer[]): Buffer {
  const size = { width: 8, height: 8 };
  return png(header(size), ...extra, lines(size));
}

/** A text chunk whose text unpacks to the given number of bytes. */
function compressedText(type: 'zTXt' | 'iTXt' | 'iCCP', unpacked: number): Buffer {
  const packed = deflateSync(Buffer.alloc(unpacked, 'a'), { level: 9 });
  const prefix = { zTXt: 'key\0\0', iTXt: 'key\0\x01\0\0\0', iCCP: 'profile\0\0' }[type];
  return chunk(type, Buffer.concat([Buffer.from(prefix, 'latin1'), packed]));
}

/** A flood of a rare chunk. */
function flood(type: string, data: Buffer, times: number): Buffer {
  const one = chunk(type, data);
  return Buffer.concat(Array.from({ length: times }, () => one));
}

export const PNG_IDEAS: readonly Idea<CraftedPicture>[] = [
  {
    title: 'png 1 pixel wide, 40,000,000 high',
    make: () => flat({ width: 1, height: 40_000_000 }, { together: 4 }),
  },
  {
    title: 'png 10,000,000 pixels wide, 1 high',
    make: () => flat({ width: 10_000_000, height: 1 }),
  },
  {
    title: 'png with a side at a numeric limit',
    make: (random) => {
      const side = pick(random, [16_383, 16_384, 65_535, 65_536, 1_000_000, 39_999_999]);
      const other = Math.max(1, Math.floor(pick(random, [1, 2, 39_000_000 / side])));
      const size = chance(random, 0.5) ? { width: side, height: other } : { width: other, height: side };
      return flat({ ...size, colour: pick(random, [0, 2, 6]) }, { together: 2 });
    },
  },
  {
    title: 'png of 40 megapixels of 16 bits',
    weight: 0.3,
    make: (random) =>
      flat({ width: 6_300, height: 6_300, depth: 16, colour: pick(random, [2, 6]) }, { together: 4 }),
  },
  {
    title: 'png of 40 megapixels, interlaced',
    weight: 0.3,
    make: (random) => {
      const size = {
        width: 6_300,
        height: 6_300,
        colour: pick(random, [0, 2, 6] as const),
        interlace: 1,
      } as const;
      return { ...flat(size), together: 4 };
    },
  },
  ...(['zTXt', 'iTXt', 'iCCP'] as const).flatMap((type) => [
    {
      title: `png ${type} bomb`,
      make: () => ({ bytes: small(...Array.from({ length: 30 }, () => compressedText(type, 12_000_000))) }),
    },
    {
      title: `png ${type} bomb of one chunk`,
      weight: 0.3,
      make: () => ({ bytes: small(compressedText(type, 400_000_000)) }),
    },
  ]),
  {
    title: 'png flood of chunks',
    make: (random) => {
      const type = pick(random, [
        'tEXt',
        'zTXt',
        'iTXt',
        'sPLT',
        'prVt',
        'tIME',
        'gAMA',
        'tRNS',
        'PLTE',
        'IDAT',
      ]);
      const data = { zTXt: Buffer.from('k\0\0x'), tEXt: Buffer.from('k\0v') }[type] ?? bytes(random, 9);
      return { bytes: small(flood(type, data, pick(random, [1_000, 100_000, 500_000]))) };
    },
  },
  {
    title: 'png with a false chunk length',
    make: (random) => {
      const type = pick(random, ['IDAT', 'tEXt', 'eXIf', 'iCCP', 'PLTE', 'acTL']);
      return { bytes: small(chunk(type, bytes(random, 20), edge(random, 32))) };
    },
  },
  {
    title: 'png header of any numbers',
    weight: 3,
    make: (random) => {
      const data = Buffer.alloc(13);
      data.writeUInt32BE(chance(random, 0.5) ? edge(random, 32) : integer(random, 1, 99));
      data.writeUInt32BE(chance(random, 0.5) ? edge(random, 32) : integer(random, 1, 99), 4);
      data.set([pick(random, [1, 2, 4, 8, 16, 0, 3, 255]), integer(random, 0, 7), integer(random, 0, 1)], 8);
      data[12] = integer(random, 0, 2);
      return { bytes: png(chunk('IHDR', data), lines({ width: 64, height: 64 })) };
    },
  },
  {
    title: 'png with less or more data than announced',
    make: (random) => {
      const says = { width: integer(random, 1, 3_000), height: integer(random, 1, 3_000) };
      const has = { width: says.width, height: integer(random, 0, 6_000) };
      return { bytes: png(header(says), lines(has)) };
    },
  },
  {
    title: 'png with a missing palette',
    make: (random) => {
      const size = { width: 32, height: 32, colour: 3 } as const;
      const data = deflateSync(Buffer.alloc(33 * 32, 200));
      const palette = chunk('PLTE', bytes(random, pick(random, [0, 1, 3, 767, 768, 771])));
      return { bytes: png(header(size), ...(chance(random, 0.5) ? [palette] : []), chunk('IDAT', data)) };
    },
  },
  {
    title: 'png chunks in any order',
    make: (random) => {
      const size = { width: 8, height: 8 };
      const parts = [
        header(size),
        lines(size),
        chunk('IEND', Buffer.alloc(0)),
        header({ width: 9_000, height: 9_000 }),
      ];
      const made = Array.from({ length: integer(random, 1, 8) }, () => pick(random, parts));
      return { bytes: Buffer.concat([SIGNATURE, ...made]) };
    },
  },
  {
    title: 'png animated with false frames',
    make: (random) => {
      const control = Buffer.alloc(8);
      control.writeUInt32BE(edge(random, 32));
      const frame = Buffer.alloc(26);
      for (let at = 0; at < 20; at += 4) frame.writeUInt32BE(edge(random, 32), at);
      return { bytes: small(chunk('acTL', control), chunk('fcTL', frame)) };
    },
  },
  {
    title: 'png whose eXIf is not EXIF',
    make: (random) => ({ bytes: small(chunk('eXIf', loopingExif(random))) }),
  },
  {
    title: 'png with a wrong checksum',
    make: (random) => {
      const made = small(chunk('tEXt', Buffer.from('k\0v')));
      made[integer(random, 8, made.length - 1)] ^= 0x55;
      return { bytes: made };
    },
  },
  {
    title: 'png without its end',
    make: (random) => {
      const made = small();
      return { bytes: made.subarray(0, made.length - integer(random, 1, 12)) };
    },
  },
];

/** A picture of one colour. */
function flat(size: Header, more: Omit<CraftedPicture, 'bytes'> = {}): CraftedPicture {
  return { bytes: png(header(size), lines(size)), ...more };
}
