/** What a JPEG says of itself is read as a decoder reads it; whatever is out of the ordinary is left to the decoder. */
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

/** A JPEG by its bytes: a frame header of 61×47 with three components, then the header of a scan. */
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
  const { width, height, isProgressive } = await sharp(bytes).metadata();
  expect(jpegFrame(bytes)).toEqual({ width, height, severalScans: isProgressive });
  // As it lies in a larger buffer, as bodies do.
  expect(jpegFrame(Buffer.concat([Buffer.alloc(7), bytes]).subarray(7))).toEqual(jpegFrame(bytes));
});

test('a scan for each component keeps the whole picture, as a progressive one does', () => {
  expect(jpegFrame(written())).toEqual({ width: 61, height: 47, severalScans: false });
  expect(jpegFrame(written({ scanned: 1 }))).toEqual({ width: 61, height: 47, severalScans: true });
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
])('%s is for the decoder to judge', (_, bytes) => {
  expect(jpegFrame(bytes)).toBeUndefined();
});
