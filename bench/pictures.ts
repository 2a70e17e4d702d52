/** The pictures benchmarks send: made from the photographs of `@vladmandic/face-api` (MIT), a development dependency. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const SAMPLES = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);

/** A JPEG of any size with one face, whose width is a fifth of the picture's. */
export function face(width: number, height: number): Promise<Buffer> {
  return sharp(join(SAMPLES, 'sample1.jpg'))
    .extract({ left: 960, top: 120, width: 960, height: 720 })
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
