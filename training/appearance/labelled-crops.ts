/** Crops of the two labelled sets of single faces, without pictures that certainly show no face. */
import { join } from 'node:path';
import type { ScoredBox } from '../../src/vision/nms.js';
import { readCsv } from '../../evaluation/data.js';
import { type Judge, judged } from '../../evaluation/judge.js';
import { chip, chipFace, largest } from '../../evaluation/labelled-faces.js';
import type { KnownFace } from '../../evaluation/matching.js';
import { startProgress } from '../../evaluation/progress.js';
import type { Sample } from './aligned-crop.js';
import { isFace } from './candidate-crops.js';
import type { Finder } from '../finder.js';

/** Low, because the detector is seldom certain of masked faces. */
const MIN_SCORE = 0.3;

/** @param data folder of the data sets */
export async function* labelledCrops(
  finder: Finder,
  judge: Judge,
  data: string,
  set: 'attributes' | 'mask',
): AsyncGenerator<Sample> {
  const folder = join(data, set);
  const rows = await readCsv(join(folder, 'labels.csv'));
  const progress = startProgress(process.stderr, `${set} pictures`, rows.length);
  for (const row of rows) {
    const image =
      set === 'attributes'
        ? await chip(finder, folder, row['image'])
        : await finder.decode(join(folder, 'images', row['image']));
    const found = await finder.find(image, MIN_SCORE);
    const face =
      set === 'attributes' ? chipFace(found, image) : largest(possible(found, await judged(judge, image)));
    progress.tick();
    if (face === undefined) continue;
    const [crop] = await finder.crop(image, [face]);
    yield { set, row: { ...row, face: '1' }, score: face.score, crop };
  }
  progress.done();
}

/** The boxes that may be faces: a photo of this set may show none. */
function possible(found: readonly ScoredBox[], known: readonly KnownFace[]): ScoredBox[] {
  return found.filter(({ box }) => isFace(box, known) !== false);
}
