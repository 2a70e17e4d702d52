/**
 * Writes the photos that the detector is tuned on, with the boxes that the judge finds in them.
 *
 * `pictures.bin` holds the pictures one after the other, 8-bit RGB, row by row. `pictures.csv` holds for each picture
 * its set, name, size and boxes: `x1 y1 x2 y2 certain`, separated by semicolons. Held-out photos are left out.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../src/errors.js';
import type { Image } from '../../src/vision/image.js';
import { halve } from '../../src/vision/kernels/host/reduce.js';
import { Judge, judged } from '../../evaluation/judge.js';
import type { KnownFace } from '../../evaluation/matching.js';
import { CHIP_MARGIN, FIRST_LEARNT_PATTERN, patterns, photos } from '../../evaluation/pictures.js';
import { startProgress } from '../../evaluation/progress.js';
import { Finder } from '../finder.js';

/** The longest side of a stored picture: the training scenes are smaller. */
const LONGEST_SIDE = 512;
const PATTERNS = 800;
const CHIPS = 1500;

/** @param judgeFile path of the detector that says where the faces are */
export async function writePictures(data: string, judgeFile: string, out: string): Promise<void> {
  const judge = await Judge.open(judgeFile);
  if (judge === undefined) throw new AppError('invalid_configuration', `There is no judge: ${judgeFile}.`);
  const finder = await Finder.open();
  await mkdir(out, { recursive: true });
  const table = createWriteStream(join(out, 'pictures.csv'));
  table.write('set,image,width,height,boxes\n');
  await pipeline(Readable.from(pixels(judge)), createWriteStream(join(out, 'pictures.bin')));
  await pipeline(Readable.from([]), table);
  await Promise.all([finder.close(), judge.close()]);

  async function* pixels(oracle: Judge): AsyncGenerator<Uint8Array> {
    const learnt = (set: string, choice = {}) => photos(set, join(data, set), { part: 'learnt', ...choice });
    const pictures = [
      ...(await learnt('lfw')),
      ...(await learnt('mask')),
      ...(await learnt('attributes', { limit: CHIPS, margin: CHIP_MARGIN })),
      ...patterns(PATTERNS, FIRST_LEARNT_PATTERN),
    ];
    const progress = startProgress(process.stderr, 'pictures to learn detection from', pictures.length);
    for (const { set, name, load, faces } of pictures) {
      const image = shrunkToFit(await load((path) => finder.decode(path)));
      const known = faces?.length === 0 ? [] : await judged(oracle, image);
      table.write(`${[set, name, image.width, image.height, written(known)].join(',')}\n`);
      progress.tick();
      yield image.data;
    }
    progress.done();
  }
}

function shrunkToFit(image: Image): Image {
  if (Math.max(image.width, image.height) <= LONGEST_SIDE) return image;
  return shrunkToFit(halve(image, 0, 0, Math.ceil(image.width / 2), Math.ceil(image.height / 2)));
}

function written(known: readonly KnownFace[]): string {
  return known
    .map(({ box: { x1, y1, x2, y2 }, certain }) =>
      [...[x1, y1, x2, y2].map((value) => value.toFixed(1)), Number(certain)].join(' '),
    )
    .join(';');
}
