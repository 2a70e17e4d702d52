/** The headers of a JPEG are read as a decoder reads them; anything unusual is left to the decoder. */
import sharp, { type Sharp } from 'sharp';
import { jpegFrame } from '../../src/images/jpeg-frame.js';

const picture = (): Sharp =>
  sharp({
    create: {
      width: 61,
      height: 47,
      channels: 3,
      background: '#48c',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  });

/** A JPEG built from bytes: a frame header of 61×47 with three components, then a scan header. */
const written = ({ frame = 0xc0, height = 47, before = [] as number[], scanned = 3 } = {}): Uint8Array =>
  Uint8Array.from([
    ...[0xff, 0xd8, ...before],
    ...[0xff, frame, 0, 17, 8, 0, height, 0, 61, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1],
    ...[0xff, 0xda, 0, 12, scanned, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0],
  ]);

test.each<[string, () => Sharp]>([
  ['baseline', () => picture().jpeg()],
  ['progressive', () => picture().jpeg({ progressive: true })],
  ['grey', () => picture().greyscale().jpeg()],
  ['CMYK', () => picture().toColourspace('cmyk').jpeg()],
  ['with whole colours', () => picture().jpeg({ chromaSubsampling: '4:4:4' })],
  ['with better tables', () => picture().jpeg({ mozjpeg: true })],
  ['with a colour profile', () => picture().withIccProfile('p3').jpeg()],
  ['turned by its EXIF block', () => picture().withMetadata({ orientation: 6 }).jpeg()],
])('a JPEG that is %s', async (_, made) => {
  const bytes = await made().toBuffer();
  const { width, height, isProgressive, icc } = await sharp(bytes).metadata();
  const frame = jpegFrame(bytes);
  expect(frame).toMatchObject({ width, height, lacksEnd: false });
  expect((frame?.scans ?? 0) > 1).toBe(isProgressive);
  expect((frame?.coefficientBytes ?? 0) > 0).toBe(isProgressive);
  expect(frame?.profileBytes ?? 0).toBeGreaterThanOrEqual(icc?.length ?? 0);
  // As a part of a larger buffer, like a request body.
  expect(jpegFrame(Buffer.concat([Buffer.alloc(7), bytes]).subarray(7))).toEqual(jpegFrame(bytes));
});

test('a scan for each component keeps the whole picture, as a progressive one does', () => {
  expect(jpegFrame(written())?.coefficientBytes).toBe(0);
  // Four by three units of 16×16 pixels, each with four luminance and two colour blocks of 64 two-byte coefficients.
  expect(jpegFrame(written({ scanned: 1 }))?.coefficientBytes).toBe(4 * 3 * 6 * 128);
});

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array()],
  ['a header cut short', written().subarray(0, 24)],
  ['arithmetic coding', written({ frame: 0xc9 })],
  ['lossless coding', written({ frame: 0xc3 })],
  ['a height that follows later', written({ height: 0 })],
  ['stray bytes between segments', written({ before: [0, 1, 2] })],
  ['a segment of no length', written({ before: [0xff, 0xe0, 0, 0] })],
  ['a second frame', written({ before: [...written().subarray(2, 21)] })],
  ['another format', Uint8Array.from('\x89PNG\r\n\x1a\n0000IHDR', (c) => c.charCodeAt(0))],
])('%s is left to the decoder', (_, bytes) => {
  expect(jpegFrame(bytes)).toBeUndefined();
});

test('an end marker that is missing, or that only a thumbnail has', async () => {
  const bytes = await picture().jpeg().toBuffer();
  expect(jpegFrame(bytes.subarray(0, -2))?.lacksEnd).toBe(true);
  expect(jpegFrame(bytes.subarray(0, -1))?.lacksEnd).toBe(true);
  const thumbnail = [0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
  expect(jpegFrame(written({ before: thumbnail }))?.lacksEnd).toBe(true);
});

test('every scan counts, and what follows the end does not', async () => {
  const bytes = await picture().jpeg({ progressive: true }).toBuffer();
  const { scans } = jpegFrame(bytes) ?? { scans: 0 };
  expect(scans).toBeGreaterThan(5);
  const scan = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
  expect(jpegFrame(Buffer.concat([bytes, bytes]))?.scans).toBe(scans);
  const without = bytes.subarray(0, -2);
  const repeated = Array<Buffer>(50).fill(bytes.subarray(scan, -2));
  expect(jpegFrame(Buffer.concat([without, ...repeated]))?.scans).toBe(scans + 50);
});

test.each<[string, Buffer]>([
  ['thousands of segments', Buffer.concat(Array<Buffer>(5000).fill(Buffer.from([0xff, 0xe5, 0, 2])))],
  ['thousands of tables', Buffer.concat(Array<Buffer>(5000).fill(Buffer.from([0xff, 0xc4, 0, 2])))],
])('%s are left to a decoder, before and after the data', async (_, segments) => {
  const bytes = await picture().jpeg().toBuffer();
  expect(jpegFrame(Buffer.concat([bytes.subarray(0, 2), segments, bytes.subarray(2)]))).toBeUndefined();
  expect(jpegFrame(Buffer.concat([bytes.subarray(0, -2), segments]))).toBeUndefined();
});

test.each([
  ['fill bytes', [0xff]],
  ['stuffed bytes', [0xff, 0]],
  ['restarts', [0xff, 0xd0]],
])('ten megabytes of %s are read once', (_, pattern) => {
  // A parser that started again at each of them would not come to an end.
  const bytes = Buffer.concat([written(), Buffer.alloc(10_000_000, Buffer.from(pattern))]);
  expect(jpegFrame(bytes)).toMatchObject({ scans: 1, lacksEnd: true });
});
