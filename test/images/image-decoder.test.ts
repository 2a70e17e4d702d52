/** Every format becomes the same upright RGB; what cannot be decoded is refused for the right reason. */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { type Config } from '../../src/config/config.js';
import { type AppError } from '../../src/errors.js';
import { DecoderPool } from '../../src/images/decoder-pool.service.js';
import { hasSrgbProfile } from '../../src/images/icc-profile.js';
import { ImageDecoder } from '../../src/images/image-decoder.js';
import { type Image } from '../../src/vision/image.js';
import { configWith } from '../support/config.js';
import { patient, refusalOf } from '../support/refusals.js';

const pool = new DecoderPool(configWith());
const decoderWith = (settings?: Partial<Config>): ImageDecoder =>
  new ImageDecoder(configWith(settings), pool);
afterAll(() => pool.onApplicationShutdown());

const decode = (bytes: Uint8Array, settings?: Partial<Config>): Promise<Image> =>
  decoderWith(settings).decode(bytes, 'image', patient);
const refusal = (bytes: Uint8Array, settings?: Partial<Config>): Promise<AppError> =>
  refusalOf(() => decode(bytes, settings));

/** A 64×48 picture with four coloured quarters. Clockwise from the top left: red, green, white, blue. */
const WIDTH = 64;
const HEIGHT = 48;
const CORNERS = { red: [255, 0, 0], green: [0, 255, 0], white: [255, 255, 255], blue: [0, 0, 255] };
type Colour = keyof typeof CORNERS;
const quarters = new Uint8Array(WIDTH * HEIGHT * 3);
for (let y = 0; y < HEIGHT; y++) {
  for (let x = 0; x < WIDTH; x++) {
    const colour: Colour =
      y < HEIGHT / 2 ? (x < WIDTH / 2 ? 'red' : 'green') : x < WIDTH / 2 ? 'blue' : 'white';
    quarters.set(CORNERS[colour], (y * WIDTH + x) * 3);
  }
}
const picture = (): Sharp => sharp(quarters, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });

/**
 * The picture as a camera in another position stores it. The EXIF standard defines each orientation by what the first row and
 * the first column show.
 */
function storedAs(orientation: number): Sharp {
  const [right, bottom] = [WIDTH - 1, HEIGHT - 1];
  const upright = (x: number, y: number): [number, number] => {
    switch (orientation) {
      case 2:
        return [right - x, y];
      case 3:
        return [right - x, bottom - y];
      case 4:
        return [x, bottom - y];
      case 5:
        return [y, x];
      case 6:
        return [right - y, x];
      case 7:
        return [right - y, bottom - x];
      case 8:
        return [y, bottom - x];
      default:
        return [x, y];
    }
  };
  const [width, height] = orientation < 5 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
  const stored = new Uint8Array(quarters.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = upright(x, y);
      const from = (fromY * WIDTH + fromX) * 3;
      stored.set(quarters.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return sharp(stored, { raw: { width, height, channels: 3 } });
}

/** The colour in the middle of each quarter, clockwise from the top left. */
function cornersOf({ width, height, data }: Image): number[][] {
  const at = (x: number, y: number): number[] => {
    const start = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
    return [...data.subarray(start, start + 3)];
  };
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.75, 0.75), at(0.25, 0.75)];
}

function expectColours(image: Image, expected: readonly (readonly number[])[], tolerance: number): void {
  const differences = cornersOf(image).flatMap((corner, i) =>
    corner.map((value, c) => Math.abs(value - (expected[i]?.[c] ?? NaN))),
  );
  expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
}

const UPRIGHT = [CORNERS.red, CORNERS.green, CORNERS.white, CORNERS.blue];
// ITU-R BT.709 luminance of the four, as sRGB values
const GREY = [127, 220, 255, 76].map((value) => [value, value, value]);

/** How to encode the picture, how much a value may differ, and the expected colours if they are not the original ones. */
type DecodingCase = readonly [
  encode: () => Sharp,
  tolerance: number,
  expected?: readonly (readonly number[])[],
];

describe('decodes', () => {
  // Tolerances: how much lossy compression, chroma subsampling and colour conversion change saturated colours.
  const cases: Record<string, DecodingCase> = {
    JPEG: [() => picture().jpeg({ quality: 95 }), 4],
    'progressive JPEG': [() => picture().jpeg({ quality: 95, progressive: true }), 4],
    'JPEG with an sRGB profile': [() => picture().withIccProfile('srgb').jpeg({ quality: 95 }), 4],
    'JPEG with a Display P3 profile': [() => picture().withIccProfile('p3').jpeg({ quality: 95 }), 6],
    'greyscale JPEG': [() => picture().greyscale().jpeg({ quality: 95 }), 2, GREY],
    PNG: [() => picture().png(), 0],
    'interlaced PNG': [() => picture().png({ progressive: true }), 0],
    'PNG with a palette': [() => picture().png({ palette: true }), 0],
    '16-bit PNG': [() => picture().toColourspace('rgb16').png(), 0],
    'greyscale PNG': [() => picture().greyscale().png(), 1, GREY],
    '16-bit greyscale PNG': [() => picture().greyscale().toColourspace('grey16').png(), 2, GREY],
    'lossless WebP': [() => picture().webp({ lossless: true }), 0],
    WebP: [() => picture().webp({ quality: 95 }), 12],
    GIF: [() => picture().gif(), 0],
    TIFF: [() => picture().tiff({ compression: 'lzw' }), 0],
    '16-bit TIFF': [() => picture().toColourspace('rgb16').tiff({ compression: 'deflate' }), 0],
    'TIFF with JPEG inside': [() => picture().tiff({ compression: 'jpeg', quality: 95 }), 12],
    AVIF: [() => picture().avif({ quality: 90, effort: 0 }), 6],
  };
  test.each(Object.entries(cases))('%s', async (_, [encode, tolerance, expected = UPRIGHT]) => {
    const image = await decode(await encode().toBuffer());
    expect([image.width, image.height, image.data.length]).toEqual([WIDTH, HEIGHT, WIDTH * HEIGHT * 3]);
    expectColours(image, expected, tolerance);
  });

  test.each(['jpeg', 'tiff'] as const)('CMYK %s', async (format) => {
    const bytes = await picture().toColourspace('cmyk').toFormat(format, { quality: 95 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const corners = cornersOf(await decode(bytes));
    // Ink cannot print pure red, green and blue, but each stays the strongest channel. Paper is white.
    expect(corners.slice(0, 2).map((corner) => corner.indexOf(Math.max(...corner)))).toEqual([0, 1]);
    expect(corners[3]?.indexOf(Math.max(...(corners[3] ?? [])))).toBe(2);
    expect(Math.min(...(corners[2] ?? []))).toBeGreaterThan(240);
  });

  test('the first frame of an animation', async () => {
    const second = picture().negate();
    for (const format of ['gif', 'webp'] as const) {
      const frames = [await picture().png().toBuffer(), await second.png().toBuffer()];
      const bytes = await sharp(frames, { join: { animated: true } })
        .toFormat(format, { quality: 95 })
        .toBuffer();
      expect((await sharp(bytes).metadata()).pages).toBe(2);
      const image = await decode(bytes);
      expect([image.width, image.height]).toEqual([WIDTH, HEIGHT]);
      expectColours(image, UPRIGHT, 12);
    }
  });

  test.each(['png', 'webp', 'tiff', 'avif'] as const)(
    'a half transparent red %s as pink, on white',
    async (format) => {
      const create = {
        width: 16,
        height: 16,
        channels: 4 as const,
        background: { r: 255, g: 0, b: 0, alpha: 0.5 },
      };
      const bytes = await sharp({ create })
        .toFormat(format, { lossless: true, compression: format === 'tiff' ? 'lzw' : undefined })
        .toBuffer();
      expectColours(await decode(bytes), Array(4).fill([255, 127, 127]), 2);
    },
  );

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i upright', async (orientation) => {
    const turned = storedAs(orientation);
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const bytes = await turned
        .clone()
        .withMetadata({ orientation })
        .toFormat(format, { quality: 95 })
        .toBuffer();
      const image = await decode(bytes);
      expect([image.width, image.height]).toEqual([WIDTH, HEIGHT]);
      expectColours(image, UPRIGHT, 12);
    }
  });

  test('into pixels that another thread sees without a copy', async () => {
    const { data, width } = await decode(await picture().png().toBuffer());
    const { port1, port2 } = new MessageChannel();
    port1.postMessage({ data, width });
    const received = receiveMessageOnPort(port2)?.message as Image;
    port1.close();
    expect(Buffer.from(received.data).equals(quarters)).toBe(true);
    data[0] = 77;
    expect(received.data[0]).toBe(77);
  });

  test('into the memory of a picture that was released, and of no other', async () => {
    const decoder = decoderWith();
    const bytes = await picture().png().toBuffer();
    const [first, second] = [
      await decoder.decode(bytes, 'image', patient),
      await decoder.decode(bytes, 'image', patient),
    ];
    expect(second.data.buffer).not.toBe(first.data.buffer);
    decoder.release(first);
    const third = await decoder.decode(await picture().negate().png().toBuffer(), 'image', patient);
    expect(third.data.buffer).toBe(first.data.buffer);
    expect(Buffer.from(second.data).equals(quarters)).toBe(true);
  });
});

test.each([
  ['baseline', {}, 0],
  // Two-byte coefficients, three per pixel without subsampling.
  ['progressive', { progressive: true, chromaSubsampling: '4:4:4' }, 2 * 3],
])('the memory of a %s JPEG is planned by its header, however it is turned', async (_, options, kept) => {
  const pixels = WIDTH * HEIGHT;
  for (const orientation of [1, 6]) {
    const bytes = await storedAs(orientation).withMetadata({ orientation }).jpeg(options).toBuffer();
    const plan = (minSide?: number) => decoderWith().plan(bytes, 'image', minSide);
    const planned = await plan();
    expect([planned.shrink, planned.memoryBytes]).toEqual([
      undefined,
      pixels * 3 + pixels * Math.max(3, kept),
    ]);
    expect(await plan(WIDTH / 4)).toMatchObject({
      shrink: { from: { width: WIDTH, height: HEIGHT }, to: { width: WIDTH / 4, height: HEIGHT / 4 } },
      memoryBytes: (pixels * 3) / 16 + pixels * Math.max(3 / 16, kept),
    });
  }
});

test('an sRGB profile is distinguished from others', async () => {
  const jpeg = (profile: string): Promise<Buffer> => picture().withIccProfile(profile).jpeg().toBuffer();
  expect(hasSrgbProfile(await jpeg('srgb'))).toBe(true);
  expect(hasSrgbProfile(await jpeg('p3'))).toBe(false);
  expect(hasSrgbProfile(await picture().jpeg().toBuffer())).toBe(false);
  const broken = await jpeg('srgb');
  broken.fill(0xff, broken.indexOf('ICC_PROFILE') + 14 + 128, broken.indexOf('ICC_PROFILE') + 14 + 300);
  expect(hasSrgbProfile(broken)).toBe(false);
});

describe('refuses', () => {
  /** A PNG that is only a header: all that a decompression bomb shows before it is unpacked. */
  function pngHeader(width: number, height: number): Buffer {
    const chunk = (type: string, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
      const ends = Buffer.alloc(8);
      ends.writeUInt32BE(data.length, 0);
      ends.writeUInt32BE(crc32(body), 4);
      return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
    };
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([8, 2, 0, 0, 0], 8);
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
    return Buffer.concat([
      signature,
      chunk('IHDR', header),
      chunk('IDAT', Buffer.alloc(64)),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  }

  test('a picture with too many pixels by its header alone', async () => {
    // It has no pixels: a decoder that had tried would say so.
    const error = await refusal(pngHeader(50_000, 50_000));
    expect([error.code, error.details]).toEqual([
      'image_too_many_pixels',
      expect.objectContaining({ width: 50_000, height: 50_000 }),
    ]);
  });

  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    'a %s one pixel above the cap, not one at it',
    async (format) => {
      const bytes = await picture().toFormat(format).toBuffer();
      expect((await decode(bytes, { imageMaxPixels: WIDTH * HEIGHT })).width).toBe(WIDTH);
      expect((await refusal(bytes, { imageMaxPixels: WIDTH * HEIGHT - 1 })).code).toBe(
        'image_too_many_pixels',
      );
    },
  );

  test('many frames do not count as pixels', async () => {
    const frames = [await picture().png().toBuffer(), await picture().negate().png().toBuffer()];
    const bytes = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await decode(bytes, { imageMaxPixels: WIDTH * HEIGHT })).height).toBe(HEIGHT);
  });

  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    'a %s that was cut short',
    async (format) => {
      const bytes = await picture().toFormat(format).toBuffer();
      for (const part of [0.9, 0.5]) {
        const error = await refusal(bytes.subarray(0, Math.floor(bytes.length * part)));
        expect([error.code, error.message]).toEqual([
          'image_undecodable',
          expect.stringContaining('incomplete'),
        ]);
      }
    },
  );

  test.each([
    ['nothing', '', 'empty'],
    ['text', 'hello there', 'not a picture'],
    ['an HTML page', '<!DOCTYPE html><html>', 'an HTML page'],
    ['a JSON document', '{"error": "expired"}', 'a JSON document'],
    ['a JPEG header without a picture', '\xff\xd8\xff\xe0', 'incomplete'],
  ])('%s as undecodable', async (_, content, reason) => {
    const error = await refusal(Buffer.from(content, 'latin1'));
    expect([error.code, error.message]).toEqual(['image_undecodable', expect.stringContaining(reason)]);
  });

  test.each([
    ['BMP', 'BM\x36\0\0\0'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['HEIC', '\0\0\0\x14ftypheic\0\0\0\0mif1'],
    ['PDF', '%PDF-1.7'],
  ])('%s as unsupported', async (name, content) => {
    const error = await refusal(Buffer.from(content, 'latin1'));
    expect([error.code, error.message]).toEqual(['image_unsupported', expect.stringContaining(name)]);
  });

  test('other loaders of libvips altogether', async () => {
    decoderWith();
    await expect(
      sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')).metadata(),
    ).rejects.toThrow();
  });

  test('to go on when the request has ended', async () => {
    const bytes = await picture().jpeg().toBuffer();
    const ended = AbortSignal.abort();
    expect((await refusalOf(() => decoderWith().decode(bytes, 'image', ended))).code).toBe(
      'deadline_exceeded',
    );
    const request = new AbortController();
    const work = refusalOf(() => decoderWith().decode(bytes, 'image', request.signal));
    request.abort();
    expect((await work).code).toBe('deadline_exceeded');
  });
});

test('a picture with a harmless fault is decoded', async () => {
  const bytes = await picture().jpeg({ quality: 95 }).toBuffer();
  const end = bytes.subarray(bytes.length - 2);
  const image = await decode(
    Buffer.concat([bytes.subarray(0, -2), Buffer.from([1, 2, 3]), end, Buffer.from('trailing bytes')]),
  );
  expectColours(image, UPRIGHT, 4);
});

test('unused pixels are freed', async () => {
  const [side, pictures] = [1000, 300];
  const create = { width: side, height: side, channels: 3 as const, background: '#87a' };
  const bytes = await sharp({ create }).png().toBuffer();
  for (let i = 0; i < 10; i++) await decode(bytes);
  const before = process.memoryUsage.rss();
  for (let i = 0; i < pictures; i++) await decode(bytes);
  // 900 MB of pixels were allocated. Some wait for the next garbage collection, but a leak would keep all of them.
  expect(process.memoryUsage.rss() - before).toBeLessThan((pictures * side * side * 3) / 2);
});
