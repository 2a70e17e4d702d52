/**
 * Crops that the sets have too few of: tilted heads and small faces, with and without masks, and the detector's false
 * candidates beside them, made from photos that are not held out. Without them, the heads would learn to reject such
 * faces and to see masks on tilted heads.
 */
import { join } from 'node:path';
import { readCsv } from '../../evaluation/data.js';
import { type Derived, shrunk, turned } from '../../evaluation/derived.js';
import { centralFace, type Judge, judged } from '../../evaluation/judge.js';
import { centresAgree } from '../../evaluation/matching.js';
import { photos } from '../../evaluation/pictures.js';
import { startProgress } from '../../evaluation/progress.js';
import type { Sample } from './aligned-crop.js';
import { isFace } from './candidate-crops.js';
import type { Finder } from '../finder.js';

/** Photos of each set. */
const PHOTOS = 300;
const ANGLES = [-90, -75, -60, -45, -30, 30, 45, 60, 75, 90];
const HEIGHTS = [12, 14, 17, 20, 26];
const MIN_SCORE = 0.2;

/** @param data folder of the data sets */
export async function* derivedCrops(finder: Finder, judge: Judge, data: string): AsyncGenerator<Sample> {
  const isMasked = new Map(
    (await readCsv(join(data, 'mask', 'labels.csv'))).map(({ image, mask }) => [image, mask]),
  );
  const chosen = await Promise.all(
    ['lfw', 'mask'].map((set) => photos(set, join(data, set), { limit: PHOTOS, part: 'learnt' })),
  );
  const progress = startProgress(process.stderr, 'turned and small faces of photos', 2 * PHOTOS);
  for (const [seed, { set, name, load }] of chosen.flat().entries()) {
    const image = await load((path) => finder.decode(path));
    const face = centralFace(await judged(judge, image), image);
    progress.tick();
    if (face === undefined) continue;
    // The LFW photos are from before 2007: nobody wears a mask in them.
    const row = { image: name, face: '1', mask: set === 'lfw' ? '0' : (isMasked.get(name) ?? '') };
    for (const { image: made, face: known } of variants({ image, face }, seed)) {
      const others = (await judge.faces(made)).map(({ box }) => ({ box, certain: false }));
      const all = [{ box: known, certain: true }, ...others];
      const clear = (await finder.find(made, MIN_SCORE)).flatMap(({ box, score }) => {
        const verdict = centresAgree(box, known) === 1 || isFace(box, all);
        return verdict === undefined ? [] : [{ box, score, verdict }];
      });
      const crops = await finder.crop(made, clear);
      for (const [index, { score, verdict }] of clear.entries()) {
        const labels = verdict ? row : { image: name, face: '0' };
        yield { set: `candidates derived from ${set}`, row: labels, score, crop: crops[index] };
      }
    }
  }
  progress.done();
}

function variants(photo: Derived, seed: number): Derived[] {
  return [
    ...ANGLES.map((degrees) => turned(photo, degrees)),
    ...HEIGHTS.map((height) => shrunk(photo, height, seed)),
  ];
}
