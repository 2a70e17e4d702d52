/** Detection on group photos, LFW, mask photos, pictures made from them, and patterns without faces. */
import { join } from 'node:path';
import type { Box } from '../src/vision/box.js';
import type { Image } from '../src/vision/image.js';
import type { ScoredBox } from '../src/vision/nms.js';
import { closeUp, type Derived, shrunk, turned } from './derived.js';
import { detectionReport } from './detection-report.js';
import { ANGLES, HEIGHTS, type Observation, SETS, SHARES } from './detection-sets.js';
import { BOXES_ONLY } from './engine.js';
import type { Evaluation, EvaluationContext } from './evaluation.js';
import { centralFace, Judge, judged } from './judge.js';
import type { KnownFace } from './matching.js';
import { groupPhotos, patterns, photos, type Picture } from './pictures.js';

const LOW_SCORE = 0.05;
const PATTERNS = 400;
/** Photos of each set, spread evenly over it: the judge takes longer than the service. */
const PHOTOS = 1000;
/** Photos that turned heads, close-ups and small faces are made from. */
const DERIVED_FROM = 100;

/** Recall, precision and false positives of the detector with the pack's defaults. */
export const detection: Evaluation = {
  name: 'detection',
  title: 'Detection',
  async run(context) {
    const judge = await Judge.open(context.judge);
    const group = (await groupPhotos(context.folder)).filter(({ faces }) => faces !== undefined);
    const observations = [
      ...(await observe(context, SETS.group, group)),
      ...(await observe(context, SETS.patterns, patterns(Math.min(context.limit, PATTERNS)))),
    ];
    if (judge !== undefined) {
      for (const [set, folder] of [
        [SETS.lfw, 'lfw'],
        [SETS.mask, 'mask'],
      ] as const) {
        const limit = Math.min(context.limit, PHOTOS);
        const pictures = await photos(set, join(context.folder, '..', folder), { limit, ...partOf(context) });
        observations.push(...(await observe(context, set, pictures, judge)));
      }
      observations.push(...(await observeDerived(context, judge)));
      await judge.close();
    }
    return detectionReport(observations, context);
  },
};

/** What the service finds in some pictures; the judge decides what the labels leave open. */
async function observe(
  { engine, progress }: EvaluationContext,
  set: string,
  pictures: readonly Picture[],
  judge?: Judge,
): Promise<Observation[]> {
  const line = progress(set, pictures.length);
  const observations = await engine.map(
    pictures,
    async (picture): Promise<Observation> => {
      const image = await picture.load((path) => engine.decode(path));
      const known = picture.faces?.map(certainly) ?? (judge === undefined ? [] : await judged(judge, image));
      const low =
        set === SETS.group
          ? boxes(await engine.analyze(copyOf(image), { ...BOXES_ONLY, minConfidence: LOW_SCORE }))
          : undefined;
      return { set, known, low, found: boxes(await engine.analyze(image, BOXES_ONLY)) };
    },
    () => line.tick(),
  );
  line.done();
  return observations;
}

/** The part of a photo set that is measured: the detector was tuned on the rest. */
function partOf({ trainedOn }: EvaluationContext): { readonly part?: 'held out' } {
  return trainedOn ? {} : { part: 'held out' };
}

/** Turned heads, close-ups and small faces, made from LFW photos whose face the judge is certain of. */
async function observeDerived(context: EvaluationContext, judge: Judge): Promise<Observation[]> {
  const { engine, folder, progress } = context;
  const limit = Math.min(context.limit, DERIVED_FROM);
  const pictures = await photos(SETS.lfw, join(folder, '..', 'lfw'), { limit, ...partOf(context) });
  const line = progress('turned, close and small', pictures.length);
  const observations = await engine.map(
    [...pictures.entries()],
    async ([index, picture]): Promise<Observation[]> => {
      const image = await picture.load((path) => engine.decode(path));
      const face = centralFace(await judged(judge, image), image);
      if (face === undefined) return [];
      const made: Observation[] = [];
      for (const [set, derived] of variants({ image, face }, index)) {
        // The photo may show other faces too: they need not be found, and finding them is not wrong.
        const others = (await judge.faces(derived.image)).map(({ box }) => ({ box, certain: false }));
        const found = boxes(await engine.analyze(derived.image, BOXES_ONLY));
        made.push({ set, known: [certainly(derived.face), ...others], found });
      }
      return made;
    },
    () => line.tick(),
  );
  line.done();
  return observations.flat();
}

function variants(photo: Derived, seed: number): [set: string, derived: Derived][] {
  return [
    ...ANGLES.flatMap((degrees): [string, Derived][] => [
      [SETS.turned(degrees), turned(photo, degrees)],
      [SETS.turned(degrees), turned(photo, -degrees)],
    ]),
    ...SHARES.map((share): [string, Derived] => [SETS.closeUp(share), closeUp(photo, share)]),
    ...HEIGHTS.map((height): [string, Derived] => [SETS.shrunk(height), shrunk(photo, height, seed)]),
  ];
}

function certainly(box: Box): KnownFace {
  return { box, certain: true };
}

function boxes(faces: readonly { readonly box: Box; readonly confidence: number }[]): ScoredBox[] {
  return faces.map(({ box, confidence }) => ({ box, score: confidence }));
}

/** A picture that was sent to a worker cannot be used again. */
function copyOf(image: Image): Image {
  return { ...image, data: image.data.slice() };
}
