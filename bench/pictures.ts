/** The pictures benchmarks send: made from the photographs of `@vladmandic/face-api` (MIT), a development dependency. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const SAMPLES = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);

/** A 640×480 JPEG with one face of about 140 pixels. */
export function oneFace(): Promise<Buffer> {
  return sharp(join(SAMPLES, 'sample1.jpg'))
    .extract({ left: 960, top: 120, width: 960, height: 720 })
    .resize(640, 480)
    .jpeg({ quality: 90 })
    .toBuffer();
}
