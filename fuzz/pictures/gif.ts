/** GIFs built block by block (GIF89a). */
import { bytes, chance, edge, integer, pick } from '../core/draw.js';
import type { Idea } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';

interface Screen {
  readonly width: number;
  readonly height: number;
}

function screen({ width, height }: Screen, flags = 0x80): Buffer {
  const made = Buffer.alloc(13 + 6, 0x80);
  made.write('GIF89a');
  made.writeUInt16LE(width, 6);
  made.writeUInt16LE(height, 8);
  made.set([flags, 0, 0], 10);
  return made;
}

/** A clear code, one pixel and the end code: far fewer pixels than a frame has. */
const FEW_PIXELS = Buffer.from([2, 2, 0x44, 0x01, 0]);

function image(left: number, top: number, width: number, height: number, data: Buffer = FEW_PIXELS): Buffer {
  const made = Buffer.alloc(10);
  made[0] = 0x2c;
  for (const [at, value] of [left, top, width, height].entries())
    made.writeUInt16LE(value & 0xffff, 1 + at * 2);
  return Buffer.concat([made, data]);
}

/** LZW data in sub-blocks. */
function lzw(minimum: number, data: Buffer): Buffer {
  const blocks: Buffer[] = [Buffer.from([minimum])];
  for (let at = 0; at < data.length; at += 255) {
    const part = data.subarray(at, at + 255);
    blocks.push(Buffer.from([part.length]), part);
  }
  return Buffer.concat([...blocks, Buffer.from([0])]);
}

const CONTROL = Buffer.from([0x21, 0xf9, 4, 9, 0, 0, 0, 0]);
const END: Buffer = Buffer.from([0x3b]);
const times = (count: number, part: Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => part));

export const GIF_IDEAS: readonly Idea<CraftedPicture>[] = [
  {
    title: 'gif of 40 megapixels',
    make: (random) => {
      const size = pick(random, [
        { width: 6_300, height: 6_300 },
        { width: 65_535, height: 600 },
        { width: 600, height: 65_535 },
      ]);
      return { bytes: Buffer.concat([screen(size), image(0, 0, size.width, size.height), END]), together: 4 };
    },
  },
  {
    title: 'gif of very many frames',
    make: (random) => {
      const size = { width: pick(random, [1, 6_000]), height: pick(random, [1, 6_000]) };
      const frames = times(
        pick(random, [1_000, 100_000, 400_000]),
        Buffer.concat([CONTROL, image(0, 0, 1, 1)]),
      );
      return { bytes: Buffer.concat([screen(size), frames, END]), together: 2 };
    },
  },
  {
    title: 'gif of frames outside the screen',
    make: (random) => {
      const frames = Array.from({ length: 20 }, () =>
        image(edge(random, 16), edge(random, 16), edge(random, 16), edge(random, 16)),
      );
      return { bytes: Buffer.concat([screen({ width: 64, height: 64 }), ...frames, END]) };
    },
  },
  {
    title: 'gif screen of any size',
    make: (random) => {
      const size = { width: edge(random, 16), height: edge(random, 16) };
      return { bytes: Buffer.concat([screen(size, integer(random, 0, 255)), image(0, 0, 9, 9), END]) };
    },
  },
  {
    title: 'gif of any LZW data',
    weight: 2,
    make: (random) => {
      const data = lzw(integer(random, 0, 255), bytes(random, integer(random, 0, 5_000)));
      return {
        bytes: Buffer.concat([screen({ width: 500, height: 500 }), image(0, 0, 500, 500, data), END]),
      };
    },
  },
  {
    title: 'gif with a flood of extensions',
    make: (random) => {
      const label = pick(random, [0xfe, 0xff, 0xf9, 0x01, 0x77]);
      const one = Buffer.concat([Buffer.from([0x21, label, 3]), bytes(random, 3), Buffer.from([0])]);
      return {
        bytes: Buffer.concat([
          screen({ width: 9, height: 9 }),
          times(integer(random, 100, 1_000_000), one),
          image(0, 0, 9, 9),
          END,
        ]),
      };
    },
  },
  {
    title: 'gif that never ends',
    make: (random) => {
      const open = Buffer.concat([
        Buffer.from([8]),
        times(integer(random, 1, 30_000), Buffer.alloc(256, 255)),
      ]);
      return {
        bytes: Buffer.concat([
          screen({ width: 99, height: 99 }),
          image(0, 0, 99, 99, open),
          ...(chance(random, 0.5) ? [END] : []),
        ]),
      };
    },
  },
];
