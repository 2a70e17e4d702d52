/** The survey of a file: which pictures are ordinary, which cost more than they announce, and which files are not pictures. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { type AppError } from '../../src/errors.js';
import { heifPixels } from '../../src/images/heif-items.js';
import { type Survey, survey } from '../../src/images/picture-survey.js';
import {
  avif,
  big,
  box,
  exifLoop,
  HEIGHT,
  manyScans,
  picture,
  png,
  pngChunk,
  pngHeader,
  tiff,
  WIDTH,
  withSegment,
} from '../fixtures/crafted-pictures.js';
import { refusalOf } from '../support/refusals.js';

const MAX_PIXELS = 40_000_000;
const look = (bytes: Uint8Array): Survey => survey(bytes, 'image', MAX_PIXELS);
const refusal = (bytes: Uint8Array): Promise<AppError> => refusalOf(() => look(bytes));
const jpeg = await picture().jpeg().toBuffer();

describe('decoded in this process', () => {
  test.each<[string, () => Promise<Buffer>]>([
    ['a JPEG', () => picture().jpeg().toBuffer()],
    ['a progressive JPEG', () => picture().jpeg({ progressive: true }).toBuffer()],
    ['a grey JPEG', () => picture().greyscale().jpeg().toBuffer()],
    ['a JPEG with an ordinary profile', () => picture().withIccProfile('p3').jpeg().toBuffer()],
    ['a JPEG with EXIF', () => picture().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
    ['a PNG', () => picture().png().toBuffer()],
    ['a PNG with a palette', () => picture().png({ palette: true }).toBuffer()],
    ['a PNG with an ordinary profile', () => picture().withIccProfile('p3').png().toBuffer()],
    ['a PNG with EXIF', () => picture().withMetadata({ orientation: 6 }).png().toBuffer()],
    ['a lossy WebP', () => picture().webp().toBuffer()],
    ['a lossy WebP with EXIF', () => picture().withMetadata({ orientation: 6 }).webp().toBuffer()],
  ])('%s', async (_, make) => {
    expect(look(await make())).toMatchObject({ isBounded: true, size: { width: WIDTH, height: HEIGHT } });
  });
});

describe('decoded in a process that can be ended', () => {
  test.each<[string, () => Buffer | Promise<Buffer>]>([
    ['an interlaced PNG', () => picture().png({ progressive: true }).toBuffer()],
    ['a 16-bit PNG', () => picture().toColourspace('rgb16').png().toBuffer()],
    [
      'a PNG of tens of thousands of chunks',
      () => png(8, 8, Buffer.concat(Array<Buffer>(60_000).fill(pngChunk('tEXt')))),
    ],
    ['a lossless WebP', () => picture().webp({ lossless: true }).toBuffer()],
    ['a transparent WebP', () => picture().ensureAlpha(0.5).webp().toBuffer()],
    ['a GIF', () => picture().gif().toBuffer()],
    ['a TIFF', () => picture().tiff().toBuffer()],
    ['an AVIF', () => picture().avif({ effort: 0 }).toBuffer()],
    [
      'a JPEG with a large profile',
      () => withSegment(withSegment(jpeg, 0xe2, Buffer.alloc(60_000)), 0xe2, Buffer.alloc(60_000)),
    ],
    [
      'a JPEG whose EXIF leads in circles',
      () => withSegment(jpeg, 0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exifLoop(2000)])),
    ],
    ['a PNG whose EXIF leads in circles', () => png(8, 8, pngChunk('eXIf', exifLoop(2000)))],
    ['a JPEG of 80 scans over 40 megapixels', () => manyScans(8000, 5000, 80)],
  ])('%s', async (_, make) => {
    expect(look(await make()).isBounded).toBe(false);
  });
});

describe('a PNG', () => {
  const kept = (bytes: Uint8Array): string[] => {
    const file = Buffer.from(look(bytes).encoded.bytes);
    const types: string[] = [];
    for (let at = 8; at + 12 <= file.length; at += 12 + file.readUInt32BE(at))
      types.push(file.toString('latin1', at + 4, at + 8));
    return types;
  };

  test('loses what a decoder would unpack in vain, and keeps what its pixels need', () => {
    const text = ['tEXt', 'zTXt', 'iTXt', 'acTL', 'fdAT', 'npTc'].map((type) =>
      pngChunk(type, Buffer.alloc(100)),
    );
    const needed = ['gAMA', 'cHRM', 'sRGB', 'pHYs'].map((type) => pngChunk(type, Buffer.alloc(1)));
    expect(kept(png(8, 8, ...text, ...needed))).toEqual([
      'IHDR',
      'gAMA',
      'cHRM',
      'sRGB',
      'pHYs',
      'IDAT',
      'IEND',
    ]);
  });

  test('that needs nothing taken out is not copied', async () => {
    const bytes = await picture().png().toBuffer();
    expect(look(bytes).encoded.bytes.buffer).toBe(bytes.buffer);
  });

  test('keeps one of each chunk, and none that is too long', () => {
    expect(kept(png(8, 8, pngChunk('eXIf'), pngChunk('eXIf'), pngChunk('tRNS', Buffer.alloc(300))))).toEqual([
      'IHDR',
      'eXIf',
      'IDAT',
      'IEND',
    ]);
  });

  test('whose chunk is longer than the file is left for the decoder to refuse', () => {
    const bytes = png(8, 8, pngChunk('tEXt'));
    bytes.writeUInt32BE(0xffffffff, 33);
    expect(look(bytes).isBounded).toBe(true);
  });

  test('with a profile that unpacks to too much is not decoded in this process', () => {
    const bomb = Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(10_000_000))]);
    expect(look(png(8, 8, pngChunk('iCCP', bomb))).isBounded).toBe(false);
    expect(look(png(8, 8, pngChunk('iCCP', Buffer.from('x\0\0damaged')))).isBounded).toBe(true);
  });
});

describe('refuses by the header', () => {
  test.each([
    [1, 40_000_000],
    [65_536, 1],
    [1, 65_536],
  ])('a side above 65,535: %i×%i', async (width, height) => {
    const error = await refusal(pngHeader(width, height));
    expect([error.code, error.details]).toEqual([
      'image_too_many_pixels',
      { field: 'image', width, height, max_side: 65_535 },
    ]);
  });

  test('a JPEG of more scans than any encoder writes', async () => {
    const error = await refusal(manyScans(64, 64, 800));
    expect([error.code, error.details]).toEqual([
      'image_undecodable',
      { field: 'image', scans: 801, max_scans: 100 },
    ]);
  });

  test('a GIF whose screen or frame has too many pixels', async () => {
    const gif = await picture().gif().toBuffer();
    const screen = Buffer.from(gif);
    screen.writeUInt32LE(0xffffffff, 6);
    expect((await refusal(screen)).code).toBe('image_too_many_pixels');
    const frame = Buffer.from(gif);
    frame.writeUInt32LE(0xffffffff, frame.indexOf(Buffer.from([0x2c, 0, 0, 0, 0])) + 5);
    expect((await refusal(frame)).code).toBe('image_too_many_pixels');
  });
});

describe('the size of an AVIF is that of its parts', () => {
  test.each(['grid', 'iovl'])('a %s of large parts', async (kind) => {
    const bytes = avif(kind, [[2, 8000, 5000]], Array<number>(12).fill(2));
    expect(heifPixels(bytes)).toBe(12 * 40_000_000);
    const error = await refusal(bytes);
    expect([error.code, error.details.max_pixels]).toEqual(['image_too_many_pixels', MAX_PIXELS]);
  });

  test('a grid of reasonable parts', () => {
    const bytes = avif(
      'grid',
      [2, 3, 4, 5].map((id) => [id, 32, 32] as const),
      [2, 3, 4, 5],
    );
    expect(heifPixels(bytes)).toBe(64 * 64);
    expect(look(bytes).hiddenPixels).toBe(64 * 64);
  });

  test('pictures derived from themselves count as infinite', () => {
    expect(heifPixels(avif('grid', [], [1, 1, 1]))).toBe(Infinity);
  });

  test('a real one, and a file that is not one', async () => {
    expect(heifPixels(await picture().avif({ effort: 0 }).toBuffer())).toBe(WIDTH * HEIGHT);
    // Its transparency is a picture of the same size.
    expect(heifPixels(await picture().ensureAlpha(0.5).avif({ effort: 0 }).toBuffer())).toBe(
      2 * WIDTH * HEIGHT,
    );
    expect(heifPixels(jpeg)).toBeUndefined();
    expect(heifPixels(box('meta', big(32, 0), box('pitm', big(8, 0))))).toBeUndefined();
    expect(heifPixels(Buffer.concat(Array<Buffer>(50_000).fill(box('free'))))).toBeUndefined();
  });
});

describe('what is not the picture itself', () => {
  const DNG = [50706, 0x0401] as const;
  const PREVIEW = [254, 1] as const;
  const SENSOR = [262, 32803] as const;

  test.each<[string, Buffer, string]>([
    ['a DNG', tiff([DNG]), 'a DNG raw file'],
    ['a DNG whose preview comes first', tiff([PREVIEW, DNG], [SENSOR]), 'a DNG raw file'],
    ['a raw file with a preview', tiff([PREVIEW, [330, 38]], [SENSOR]), 'a camera raw file'],
    ['a raw file without', tiff([SENSOR]), 'a camera raw file'],
    ['a raw file by its compression', tiff([[259, 34713]]), 'a camera raw file'],
    ['a preview', tiff([PREVIEW], [[254, 0]]), 'first page is a preview'],
    ['an old preview', tiff([[255, 2]]), 'first page is a preview'],
    ['a CR2', Buffer.from('II*\0\x10\0\0\0CR\x02\0', 'latin1'), 'camera raw file (CR2)'],
    ['a CR3', box('ftyp', Buffer.from('crx \0\0\0\0crx isom', 'latin1')), 'camera raw file (CR3)'],
    ['an ORF', Buffer.from('IIRO\x08\0\0\0', 'latin1'), 'camera raw file (ORF)'],
    ['an RW2', Buffer.from('IIU\0\x08\0\0\0', 'latin1'), 'camera raw file (RW2)'],
    ['an RAF', Buffer.from('FUJIFILMCCD-RAW 0201', 'latin1'), 'camera raw file (RAF)'],
    ['a cursor', Buffer.from('\0\0\x02\0\x01\0', 'latin1'), 'a cursor'],
  ])('%s', async (_, bytes, name) => {
    const error = await refusal(bytes);
    expect([error.code, error.message]).toEqual(['image_unsupported', expect.stringContaining(name)]);
    expect(error.message).toContain('JPEG, PNG');
  });

  test.each<[string, () => Buffer | Promise<Buffer>]>([
    ['pages', () => tiff([[254, 2]], [[254, 2]])],
    ['a smaller copy behind the picture', () => tiff([[254, 0]], [[254, 1]])],
    ['smaller copies below the picture', () => tiff([[330, 26]], [[254, 1]])],
    ['directories that follow each other in a circle', () => tiff([[330, 8]])],
    ['offsets that point outside', () => tiff([[330, 0xfffffff0]])],
    ['nothing', () => Buffer.from('II*\0\xff\xff\xff\xff', 'latin1')],
    ['pixels', () => picture().tiff().toBuffer()],
    ['pixels, in a BigTIFF', () => picture().tiff({ bigtiff: true }).toBuffer()],
  ])('but not a TIFF with %s', async (_, make) => {
    expect(look(await make()).isBounded).toBe(false);
  });
});

test.each([-3, -2, -1, 1, 2, 1000])('a WebP that announces %i bytes more than it has', async (more) => {
  const bytes = await picture().webp().toBuffer();
  const announced = Buffer.from(bytes);
  announced.writeUInt32LE(bytes.readUInt32LE(4) + more, 4);
  const { encoded, isBounded } = look(announced);
  expect(isBounded).toBe(true);
  expect(Buffer.compare(encoded.bytes, bytes)).toBe(0);
  expect((await sharp(encoded.bytes).raw().toBuffer()).length).toBe(WIDTH * HEIGHT * 3);
});
