/** WebPs built chunk by chunk (RFC 9649). */
import { bytes, edge, integer, pick } from '../core/draw.js';
import type { Idea } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';
import { loopingExif } from './exif.js';
import { flat, type Seed } from './seeds.js';

function chunk(type: string, data: Buffer, length = data.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(length >>> 0, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

function webp(chunks: readonly Buffer[], length?: number): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP'), ...chunks]);
  const riff = chunk('RIFF', body, length);
  return riff;
}

/** Width and height less one, 24 bits each. */
function extended(flags: number, width: number, height: number): Buffer {
  const data = Buffer.alloc(10);
  data[0] = flags;
  data.writeUIntLE((width - 1) & 0xffffff, 4, 3);
  data.writeUIntLE((height - 1) & 0xffffff, 7, 3);
  return chunk('VP8X', data);
}

function frame(x: number, y: number, width: number, height: number, image: Buffer): Buffer {
  const head = Buffer.alloc(16);
  for (const [at, value] of [x, y, width - 1, height - 1].entries())
    head.writeUIntLE(value & 0xffffff, at * 3, 3);
  return chunk('ANMF', Buffer.concat([head, image]));
}

const FLAGS = { icc: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04, animation: 0x02 };

/** Ideas for WebPs. @param seeds must include WebPs */
export function webpIdeas(seeds: readonly Seed[]): Idea<CraftedPicture>[] {
  const image = (lossless: boolean): Buffer => {
    const name = lossless ? 'webp lossless' : 'webp';
    return (seeds.find((seed) => seed.name === name)?.bytes ?? Buffer.alloc(12)).subarray(12);
  };
  return [
    {
      title: 'webp of 40 megapixels',
      weight: 0.3,
      make: async () => ({ bytes: await flat('webp', 6_300, 6_300), together: 4 }),
    },
    {
      title: 'webp with a false canvas size',
      weight: 2,
      make: (random) => {
        const side = (): number => pick(random, [1, 2, 6_300, 16_383, 16_384, 65_536, 0x1000000]);
        const flags = pick(random, [0, FLAGS.alpha, FLAGS.exif, FLAGS.animation, 0xff]);
        return { bytes: webp([extended(flags, side(), side()), image(random() < 0.5)]), together: 2 };
      },
    },
    {
      title: 'webp with a false frame size',
      weight: 2,
      make: (random) => {
        const made = Buffer.from(image(random() < 0.5));
        // VP8: 14 bits each at 6 of the frame header; VP8L: 14 bits each after its signature byte.
        const at = made.toString('latin1', 0, 4) === 'VP8L' ? 9 : 14;
        made.writeUInt16LE(edge(random, 16), at);
        made.writeUInt16LE(edge(random, 16), at + 2);
        return { bytes: webp([made]), together: 2 };
      },
    },
    {
      title: 'webp of very many frames',
      make: (random) => {
        const one = frame(0, 0, 160, 120, image(true));
        const tiny = frame(edge(random, 16), edge(random, 16), 160, 120, Buffer.alloc(0));
        const frames = Array.from({ length: 30_000 }, () => tiny);
        const animation = chunk('ANIM', Buffer.alloc(6));
        return { bytes: webp([extended(FLAGS.animation, 6_000, 6_000), animation, one, ...frames]) };
      },
    },
    {
      title: 'webp with large ICC, EXIF or XMP',
      make: (random) => {
        const type = pick(random, ['ICCP', 'EXIF', 'XMP ', 'ALPH']);
        const data = pick(random, [Buffer.alloc(9_000_000), bytes(random, 3_000), loopingExif(random)]);
        const parts = [chunk(type, data), image(false)];
        if (random() < 0.5) parts.reverse();
        return { bytes: webp([extended(0x3c, 160, 120), ...parts]) };
      },
    },
    {
      title: 'webp with a flood of chunks',
      make: (random) => {
        const one = chunk(
          pick(random, ['ABCD', 'EXIF', 'ICCP', 'ALPH', 'VP8 ', 'VP8L', 'VP8X', 'ANIM']),
          bytes(random, pick(random, [0, 1, 10])),
        );
        const flood = Buffer.concat(Array.from({ length: integer(random, 100, 300_000) }, () => one));
        return { bytes: webp([extended(0x3c, 160, 120), flood, image(false)]) };
      },
    },
    {
      title: 'webp with a false length',
      make: (random) => ({ bytes: webp([image(random() < 0.5)], edge(random, 32)) }),
    },
  ];
}
