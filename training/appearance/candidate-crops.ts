/** Crops of the detector's candidates, faces or not: the training data of the head that distinguishes them. */
import { join } from 'node:path';
import { type Box, iou } from '../../src/vision/box.js';
import type { ScoredBox } from '../../src/vision/nms.js';
import { type Judge, judged } from '../../evaluation/judge.js';
import type { KnownFace } from '../../evaluation/matching.js';
import {
  CHIP_MARGIN,
  FIRST_LEARNT_PATTERN,
  groupPhotos,
  patterns,
  photos,
  type Picture,
} from '../../evaluation/pictures.js';
import { startProgress } from '../../evaluation/progress.js';
import type { Sample } from './aligned-crop.js';
import type { Finder } from '../finder.js';

/** Pictures of each set. */
const PICTURES = 1500;
const PATTERNS = 800;
const MIN_SCORE = 0.2;
/** A box that agrees this well with a certain face is a face. */
const FACE_IOU = 0.5;
/**
 * A box that agrees less than this with every face is not a face, even if it shows half of one. In between it is
 * neither.
 */
const NO_FACE_IOU = 0.35;
/** Near a face that the judge is not certain of, boxes are neither. */
const NO_UNSURE_FACE_IOU = 0.2;

/** @param data folder of the data sets */
export async function* candidateCrops(finder: Finder, judge: Judge, data: string): AsyncGenerator<Sample> {
  const pictures: readonly Picture[] = [
    ...(await groupPhotos(join(data, 'detection'))),
    ...patterns(PATTERNS, FIRST_LEARNT_PATTERN),
    ...(await photos('lfw', join(data, 'lfw'), { limit: PICTURES })),
    ...(await photos('mask', join(data, 'mask'), { limit: PICTURES })),
    ...(await photos('attributes', join(data, 'attributes'), { limit: PICTURES, margin: CHIP_MARGIN })),
  ];
  const progress = startProgress(process.stderr, 'candidates of pictures', pictures.length);
  for (const { set, name, load, faces } of pictures) {
    const image = await load((path) => finder.decode(path));
    const seen = faces?.length === 0 ? [] : await judged(judge, image);
    const known = [...(faces ?? []).map((box) => ({ box, certain: true })), ...seen];
    const idle = finder.idleSizesOf(image);
    for (const [origin, boxes] of [
      [`candidates of ${set}`, await finder.find(image, MIN_SCORE)],
      [`candidates of ${set} enlarged`, idle.length === 0 ? [] : await finder.find(image, MIN_SCORE, idle)],
    ] as const) {
      yield* samplesOf(origin, boxes);
    }
    progress.tick();

    async function* samplesOf(origin: string, boxes: readonly ScoredBox[]): AsyncGenerator<Sample> {
      const clear = boxes.filter(({ box }) => isFace(box, known) !== undefined);
      const crops = await finder.crop(image, clear);
      for (const [index, { box, score }] of clear.entries()) {
        const row = { image: name, face: isFace(box, known) === true ? '1' : '0' };
        yield { set: origin, row, score, crop: crops[index] };
      }
    }
  }
  progress.done();
}

/** Whether a box shows a known face; `undefined` where this is not clear. */
export function isFace(box: Box, known: readonly KnownFace[]): boolean | undefined {
  if (known.some((face) => face.certain && iou(box, face.box) >= FACE_IOU)) return true;
  const isNone = known.every(
    (face) => iou(box, face.box) < (face.certain ? NO_FACE_IOU : NO_UNSURE_FACE_IOU),
  );
  return isNone ? false : undefined;
}
