/**
 * Writes the training data of the orientation network: the landmark network's features of faces at every angle.
 *
 * `looks.bin` holds the features of the looks one after the other, 64×4×4 floats each. `looks.csv` holds for each look
 * its picture, whether it is held out, its kind, and by how many degrees the face is turned clockwise within the crop.
 * The kinds are those that the service sees: `upright`, a photo as it is; `turned`, found in a turned photo; `side`, the
 * same face in a crop that is itself turned. The photos are mirrored at their borders, so that corners without a
 * picture tell nothing.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../src/errors.js';
import type { TiltedFace } from '../../src/detection/landmarker.js';
import type { Box } from '../../src/vision/box.js';
import type { Image } from '../../src/vision/image.js';
import { keypointRoll, wrapped } from '../../src/vision/alignment.js';
import { readCsv, sample } from '../../evaluation/data.js';
import { turned } from '../../evaluation/derived.js';
import { centresAgree } from '../../evaluation/matching.js';
import { generator } from '../../evaluation/patterns.js';
import { mirrorBorder } from '../../evaluation/pictures.js';
import { startProgress } from '../../evaluation/progress.js';
import { Finder } from '../finder.js';

/** Photos to learn from, and photos held out. */
const PHOTOS = { train: 4000, val: 400 };
/** How often each photo is turned. */
const TURNS = 3;
/** Pixels mirrored around each photo: a quarter of its width. */
const MARGIN = 56;
const MIN_SCORE = 0.7;
/** A head tilted further in the untouched photo is left out: its keypoints do not tell the tilt. */
const MOST_TILT = 25;

/** One look at a face. */
interface Look extends TiltedFace {
  readonly kind: 'upright' | 'turned' | 'side';
  /** By how many degrees the face is turned clockwise in the picture. */
  readonly roll: number;
}

/** @param data folder of the data sets */
export async function extract(data: string, out: string): Promise<void> {
  const finder = await Finder.open();
  const folder = join(data, 'fairface');
  const labels = await readCsv(join(folder, 'labels.csv'));
  const chosen = (['train', 'val'] as const).flatMap((split) =>
    sample(
      labels.filter((row) => row['split'] === split),
      PHOTOS[split],
    ),
  );
  const random = generator(1);
  await mkdir(out, { recursive: true });
  const table = createWriteStream(join(out, 'looks.csv'));
  table.write('image,held_out,kind,turn\n');
  await pipeline(Readable.from(features()), createWriteStream(join(out, 'looks.bin')));
  await pipeline(Readable.from([]), table);
  await finder.close();

  async function* features(): AsyncGenerator<Uint8Array> {
    const progress = startProgress(process.stderr, 'photos to learn orientation from', chosen.length);
    for (const { image, split } of chosen) {
      const looks = await looksAt(join(folder, 'images', image));
      for (const [index, { features }] of (await finder.look(looks)).entries()) {
        if (features === undefined)
          throw new AppError('invalid_pack', 'The landmark model gives no features.');
        const { kind, roll, tilt } = looks[index];
        const turn = wrapped(roll - tilt).toFixed(2);
        table.write(`${[image, Number(split === 'val'), kind, turn].join(',')}\n`);
        yield new Uint8Array(features.slice().buffer);
      }
      progress.tick();
    }
    progress.done();
  }

  /** The face of a photo as it is, and at random angles, from the side that the service looks first and from another. */
  async function looksAt(path: string): Promise<Look[]> {
    const image = mirrorBorder(await finder.decode(path), MARGIN);
    const [face] = (await finder.find(image, MIN_SCORE)).filter(({ box }) => coversMiddle(box, image));
    if (face === undefined) return [];
    const [keypoints] = await finder.locateKeypoints(image, [face]);
    const roll = keypointRoll(keypoints);
    if (Math.abs(roll) > MOST_TILT) return [];
    const looks: Look[] = [{ image, box: face.box, tilt: 0, kind: 'upright', roll }];
    for (let turn = 0; turn < TURNS; turn++) {
      const degrees = random() * 360 - 180;
      const view = turned({ image, face: face.box }, degrees);
      const found = (await finder.find(view.image, MIN_SCORE)).find(
        ({ box }) => centresAgree(box, face.box) === 1,
      );
      if (found === undefined) continue;
      const seen = { image: view.image, box: found.box, roll: wrapped(roll + degrees) };
      looks.push({ ...seen, tilt: 0, kind: 'turned' });
      looks.push({ ...seen, tilt: random() * 360 - 180, kind: 'side' });
    }
    return looks;
  }
}

function coversMiddle({ x1, y1, x2, y2 }: Box, { width, height }: Image): boolean {
  return x1 < width / 2 && x2 > width / 2 && y1 < height / 2 && y2 > height / 2;
}
