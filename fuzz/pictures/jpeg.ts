/** JPEGs split into segments and reassembled wrongly (ITU T.81, JFIF, EXIF). */
import { bytes, chance, edge, integer, pick } from '../core/draw.js';
import type { Idea } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';
import { loopingExif } from './exif.js';
import { flat, type Seed } from './seeds.js';

const START = Buffer.from([0xff, 0xd8]);
const END = Buffer.from([0xff, 0xd9]);
const SOS = 0xda;

/** A marker with everything up to the next one. */
interface Segment {
  readonly marker: number;
  readonly bytes: Buffer;
}

/** The segments between start and end of the image. The data of a scan belongs to its SOS segment. */
function segments(jpeg: Buffer): Segment[] {
  const found: Segment[] = [];
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at + 1] !== 0xd9;) {
    let end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] === SOS)
      while (end < jpeg.length && !(jpeg[end] === 0xff && !isData(jpeg[end + 1]))) end++;
    found.push({ marker: jpeg[at + 1], bytes: jpeg.subarray(at, end) });
    at = end;
  }
  return found;
}

/** Whether the byte after a 0xff is part of the data of a scan: a stuffed zero or a restart marker. */
function isData(byte: number | undefined): boolean {
  return byte === 0 || (byte !== undefined && byte >= 0xd0 && byte <= 0xd7);
}

function segment(marker: number, data: Buffer, length = data.length + 2): Buffer {
  const made = Buffer.alloc(4 + data.length);
  made.set([0xff, marker]);
  made.writeUInt16BE(length & 0xffff, 2);
  data.copy(made, 4);
  return made;
}

function jpeg(parts: readonly (Buffer | Segment)[], end: Buffer = END): Buffer {
  return Buffer.concat([START, ...parts.map((part) => ('marker' in part ? part.bytes : part)), end]);
}

const isFrame = ({ marker }: Segment): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** The same picture with another frame header. */
function reframed(valid: Buffer, change: (frame: Buffer) => Buffer): Buffer {
  return jpeg(
    segments(valid).map((one) => (isFrame(one) ? { ...one, bytes: change(Buffer.from(one.bytes)) } : one)),
  );
}

/** Ideas for JPEGs. @param seeds must include a JPEG */
export function jpegIdeas(seeds: readonly Seed[]): Idea<CraftedPicture>[] {
  const valid = seeds.filter(({ name }) => name.startsWith('jpeg')).map(({ bytes: made }) => made);
  const withScans = (side: number, repeats: number): Promise<Buffer> =>
    flat('jpeg', side, side).then((made) => {
      const parts = segments(made);
      const last = parts.filter(({ marker }) => marker === SOS).at(-1);
      return jpeg([...parts, ...Array.from({ length: repeats }, () => last ?? END)]);
    });
  return [
    {
      title: 'jpeg of 20,000 scans',
      weight: 0.2,
      make: async () => ({ bytes: await withScans(512, 20_000), together: 4 }),
    },
    {
      title: 'jpeg of many scans of many pixels',
      weight: 0.2,
      make: async (random) => ({
        bytes: await withScans(pick(random, [2_000, 6_000]), integer(random, 50, 150)),
        together: 4,
        leaveAfterMs: chance(random, 0.5) ? 1_500 : undefined,
      }),
    },
    {
      title: 'jpeg of empty scans',
      make: (random) => {
        const parts = segments(pick(random, valid));
        const scan = segment(SOS, Buffer.from([1, 1, 0, 0, 0, 0]));
        return { bytes: jpeg([...parts, ...Array.from({ length: integer(random, 1, 60_000) }, () => scan)]) };
      },
    },
    {
      title: 'jpeg with a false size',
      weight: 3,
      make: (random) => ({
        bytes: reframed(pick(random, valid), (frame) => {
          frame.writeUInt16BE(chance(random, 0.5) ? edge(random, 16) : integer(random, 1, 65_535), 5);
          frame.writeUInt16BE(chance(random, 0.5) ? edge(random, 16) : integer(random, 1, 65_535), 7);
          return frame;
        }),
        together: pick(random, [1, 4]),
      }),
    },
    {
      title: 'jpeg of another process, precision or sampling',
      weight: 2,
      make: (random) => ({
        bytes: reframed(pick(random, valid), (frame) => {
          if (chance(random, 0.6)) frame[1] = 0xc0 + integer(random, 0, 15);
          if (chance(random, 0.4)) frame[4] = pick(random, [1, 2, 8, 12, 16, 255]);
          if (chance(random, 0.4)) frame[9] = pick(random, [0, 1, 2, 3, 4, 5, 255]);
          for (let at = 11; at < frame.length; at += 3)
            if (chance(random, 0.4)) frame[at] = integer(random, 0, 255);
          return frame;
        }),
      }),
    },
    {
      title: 'jpeg of two frames that disagree',
      make: (random) => {
        const parts = segments(pick(random, valid));
        const frame = parts.find(isFrame)?.bytes ?? END;
        const other = Buffer.from(frame);
        other.writeUInt16BE(pick(random, [1, 6_000, 65_535]), 5);
        other.writeUInt16BE(pick(random, [1, 6_000, 65_535]), 7);
        // Also in positions that only some decoders read: inside a comment, after padding, after the end.
        const where = pick(random, [
          [other, ...parts],
          [...parts, other],
          [segment(0xfe, Buffer.concat([START, other])), ...parts],
          [Buffer.alloc(999, 0xff), ...parts],
          [...parts, END, START, other],
        ]);
        return { bytes: jpeg(where) };
      },
    },
    {
      title: 'jpeg with a flood of segments',
      make: (random) => {
        const marker = pick(random, [0xfe, 0xe0, 0xe1, 0xe2, 0xed, 0xee, 0xdb, 0xc4, 0xdd]);
        const prefix = pick(random, [
          '',
          'Exif\0\0',
          'ICC_PROFILE\0\x01\xff',
          'http://ns.adobe.com/xap/1.0/\0',
          'Photoshop 3.0\0',
          'Adobe',
        ]);
        const data = Buffer.concat([Buffer.from(prefix, 'latin1'), bytes(random, pick(random, [0, 4, 64]))]);
        const one = segment(marker, data);
        const flood = Buffer.concat(Array.from({ length: pick(random, [200, 20_000, 120_000]) }, () => one));
        return { bytes: jpeg([flood, ...segments(pick(random, valid))]) };
      },
    },
    {
      title: 'jpeg with segments of 64 KiB',
      make: (random) => {
        const one = segment(
          pick(random, [0xe1, 0xe2, 0xfe]),
          Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), Buffer.alloc(65_519)]),
        );
        return {
          bytes: jpeg([
            Buffer.concat(Array.from({ length: 140 }, () => one)),
            ...segments(pick(random, valid)),
          ]),
        };
      },
    },
    {
      title: 'jpeg with fill bytes',
      make: (random) => ({
        bytes: jpeg([Buffer.alloc(integer(random, 1, 4_000_000), 0xff), ...segments(pick(random, valid))]),
      }),
    },
    {
      title: 'jpeg whose EXIF goes in circles',
      weight: 2,
      make: (random) => {
        const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), loopingExif(random)]));
        return { bytes: jpeg([exif, ...segments(pick(random, valid))]) };
      },
    },
    {
      title: 'jpeg with a false segment length',
      make: (random) => {
        const parts = segments(pick(random, valid));
        const at = integer(random, 0, parts.length - 1);
        const changed = Buffer.from(parts[at].bytes);
        changed.writeUInt16BE(edge(random, 16), 2);
        return { bytes: jpeg([...parts.slice(0, at), changed, ...parts.slice(at + 1)]) };
      },
    },
    {
      title: 'jpeg with restart markers everywhere',
      make: (random) => {
        const interval = Buffer.alloc(2);
        interval.writeUInt16BE(edge(random, 16));
        const restarts = Buffer.from(
          Array.from({ length: integer(random, 2, 60_000) }, (_, at) =>
            at % 2 === 0 ? 0xff : 0xd0 + ((at >> 1) % 8),
          ),
        );
        return { bytes: jpeg([segment(0xdd, interval), ...segments(pick(random, valid)), restarts]) };
      },
    },
    {
      title: 'jpeg in another order',
      weight: 2,
      make: (random) => {
        const parts = segments(pick(random, valid));
        return { bytes: jpeg(Array.from({ length: integer(random, 1, 14) }, () => pick(random, parts))) };
      },
    },
    {
      title: 'jpeg without its end marker',
      make: () => ({ bytes: jpeg(segments(valid[0]), Buffer.alloc(0)), allowed: [200] }),
    },
  ];
}
