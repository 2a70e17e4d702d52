/** Pictures that no encoder writes: put together chunk by chunk, or patched, to cost a decoder more than they seem to. */
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

export const WIDTH = 64;
export const HEIGHT = 48;

/** A small ordinary picture. */
export function picture(width = WIDTH, height = HEIGHT): Sharp {
  return sharp({ create: { width, height, channels: 3, background: '#48c' } });
}

export function pngChunk(type: string, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

export function pngHeader(width: number, height: number, depth = 8, colourType = 2, interlaced = 0): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlaced], 8);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), pngChunk('IHDR', header)]);
}

/** A black PNG, with chunks between its header and its data. */
export function png(width: number, height: number, ...chunks: readonly Buffer[]): Buffer {
  const lines = deflateSync(Buffer.alloc(height * (1 + width * 3)));
  return Buffer.concat([pngHeader(width, height), ...chunks, pngChunk('IDAT', lines), pngChunk('IEND')]);
}

/** A JPEG with a segment behind its start. */
export function withSegment(jpeg: Buffer, marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

/** A grey progressive JPEG of one DC scan and `scans` scans for a coefficient each, which say nothing in a few bytes. */
export function manyScans(width: number, height: number, scans: number): Buffer {
  const frame = Buffer.from([0xff, 0xc2, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  const quantisation = Buffer.concat([Buffer.from([0xff, 0xdb, 0, 67, 0]), Buffer.alloc(64, 1)]);
  // One code of one bit: a DC difference of 0, and an end of 2^14 bands of blocks.
  const table = (id: number, symbol: number): Buffer =>
    Buffer.from([0xff, 0xc4, 0, 20, id, 1, ...Array<number>(15).fill(0), symbol]);
  const scan = (first: number, last: number, approximation: number): Buffer =>
    Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, first, last, approximation]);
  const parts = [
    Buffer.from([0xff, 0xd8]),
    quantisation,
    frame,
    table(0, 0),
    table(0x10, 0xe0),
    scan(0, 0, 0),
  ];
  parts.push(Buffer.alloc(Math.ceil((Math.ceil(width / 8) * Math.ceil(height / 8)) / 8)));
  for (let index = 0; index < scans; index++) {
    const [band, bit] = [1 + (index % 63), 13 - Math.floor(index / 63)];
    parts.push(scan(band, band, (index < 63 ? 0 : (bit + 1) << 4) | bit));
    // Each end of bands: one bit of code and fourteen of its length.
    const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
    parts.push(Buffer.alloc(Math.ceil((Math.ceil(blocks / 16384) * 15) / 8)));
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

/** An EXIF block of one directory whose every entry points back to it. */
export function exifLoop(entries: number): Buffer {
  const block = Buffer.alloc(8 + 2 + entries * 12 + 4);
  block.write('II*\0\x08', 0, 'latin1');
  block.writeUInt16LE(entries, 8);
  for (let index = 0; index < entries; index++) {
    const at = 10 + index * 12;
    block.writeUInt16LE(0x8769, at);
    block.writeUInt16LE(4, at + 2);
    block.writeUInt32LE(1, at + 4);
    block.writeUInt32LE(8, at + 8);
  }
  return block;
}

/** A little-endian TIFF directory entry of one number. */
export type Entry = readonly [tag: number, value: number];

/** A TIFF of directories that follow each other, without any pixels. */
export function tiff(...directories: (readonly Entry[])[]): Buffer {
  const parts = [Buffer.from('II*\0\x08\0\0\0', 'latin1')];
  let at = 8;
  for (const [index, entries] of directories.entries()) {
    const part = Buffer.alloc(2 + entries.length * 12 + 4);
    part.writeUInt16LE(entries.length, 0);
    for (const [place, [tag, value]] of entries.entries()) {
      part.writeUInt16LE(tag, 2 + place * 12);
      part.writeUInt16LE(4, 4 + place * 12);
      part.writeUInt32LE(1, 6 + place * 12);
      part.writeUInt32LE(value, 10 + place * 12);
    }
    at += part.length;
    if (index + 1 < directories.length) part.writeUInt32LE(at, part.length - 4);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A box of an ISO media file. */
export function box(type: string, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** Numbers of so many bits each, the most significant byte first. */
export function big(bits: 8 | 16 | 32, ...values: readonly number[]): Buffer {
  const bytes = bits / 8;
  const out = Buffer.alloc(values.length * bytes);
  for (const [index, value] of values.entries()) out.writeUIntBE(value, index * bytes, bytes);
  return out;
}

/** A container whose item 1, 64×64, is derived from others: each `[id, width, height]`, each used as often as `parts` says. */
export function avif(
  kind: string,
  items: readonly (readonly [id: number, width: number, height: number])[],
  parts: readonly number[],
): Buffer {
  const all = [[1, 64, 64] as const, ...items];
  const entry = (id: number, type: string): Buffer =>
    box('infe', big(8, 2, 0, 0, 0), big(16, id, 0), Buffer.from(`${type}\0`, 'latin1'));
  const meta = box(
    'meta',
    big(32, 0),
    box('pitm', big(32, 0), big(16, 1)),
    box('iinf', big(32, 0), big(16, all.length), ...all.map(([id]) => entry(id, id === 1 ? kind : 'av01'))),
    box('iref', big(32, 0), box('dimg', big(16, 1, parts.length, ...parts))),
    box(
      'iprp',
      box('ipco', ...all.map(([, width, height]) => box('ispe', big(32, 0, width, height)))),
      box(
        'ipma',
        big(32, 0, all.length),
        ...all.map(([id], index) => Buffer.concat([big(16, id), big(8, 1, 0x80 | (index + 1))])),
      ),
    ),
  );
  return Buffer.concat([box('ftyp', Buffer.from('avif\0\0\0\0avifmif1', 'latin1')), meta]);
}
