/** The pictures that benchmarks send, made from the photographs in `@vladmandic/face-api` (MIT), a development dependency. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const SAMPLES = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);

/** The part of the photograph with the only face of `one-face`. */
const ONE = { left: 960, top: 120, width: 960, height: 720 };

/** A picture, and what the service must find in it. */
export interface Picture {
  readonly name: string;
  readonly jpeg: Buffer;
  readonly width: number;
  readonly height: number;
  /** How many faces it shows. */
  readonly faces: number;
}

/** All pictures, with the names that `--only` takes. */
export async function allPictures(): Promise<Picture[]> {
  return [
    { name: 'one-face', jpeg: await face(640, 480), width: 640, height: 480, faces: 1 },
    { name: 'six-faces', jpeg: await sixFaces(), width: 640, height: 480, faces: 6 },
    { name: '12-megapixels', jpeg: await twelveMegapixels(), width: 4000, height: 3000, faces: 1 },
  ];
}

/** A JPEG of any size with one face, whose width is a fifth of the picture's. */
export function face(width: number, height: number): Promise<Buffer> {
  return sharp(join(SAMPLES, 'sample1.jpg'))
    .extract(ONE)
    .resize(width, height)
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A 640×480 JPEG with one face of about 140 pixels. */
export function oneFace(): Promise<Buffer> {
  return face(640, 480);
}

/** A JPEG of any size with four faces, whose widths are about a fifteenth of the picture's. */
export async function group(width: number, height: number): Promise<Buffer> {
  const people = await sharp(join(SAMPLES, 'sample4.jpg'))
    .resize({ width: Math.round(width * 0.7) })
    .toBuffer();
  return sharp({ create: { width, height, channels: 3, background: '#777' } })
    .composite([{ input: people, gravity: 'centre' }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A 640×480 JPEG: two rows of three faces, of about 100 pixels each. */
async function sixFaces(): Promise<Buffer> {
  const upper = { left: 500, top: 170, width: 1280, height: 480 };
  const lower = { left: 600, top: 200, width: 1200, height: 450 };
  const rows = await Promise.all([
    sharp(join(SAMPLES, 'sample3.jpg')).extract(upper).resize(640, 240).toBuffer(),
    sharp(join(SAMPLES, 'sample6.jpg')).extract(lower).resize(640, 240).toBuffer(),
  ]);
  return sharp({ create: { width: 640, height: 480, channels: 3, background: 'black' } })
    .composite(rows.map((input, row) => ({ input, left: 0, top: row * 240 })))
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A 4000×3000 JPEG of the same face, with the noise of a camera sensor, so that its file is as large as a real one. */
async function twelveMegapixels(): Promise<Buffer> {
  const size = { width: 4000, height: 3000 };
  const noise = { type: 'gaussian', mean: 128, sigma: 24 } as const;
  const grain = await sharp({ create: { ...size, channels: 3, background: 'black', noise } })
    .png({ compressionLevel: 1 })
    .toBuffer();
  return sharp(join(SAMPLES, 'sample1.jpg'))
    .extract(ONE)
    .resize(size)
    .composite([{ input: grain, blend: 'overlay' }])
    .jpeg({ quality: 90 })
    .toBuffer();
}
