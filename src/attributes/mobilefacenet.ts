/**
 * Gender, age and race with our own network: MobileFaceNet as published for recognition, tuned on FairFace
 * (training/demographics). Its input is the face aligned as for recognition, seen closer and down to the chin, 96×96.
 * Its outputs are calibrated probabilities. Data, figures and limits: models/default/cards/demographics.md.
 */
import type { DemographicsModel } from '../packs/attribute-models.js';
import type { Signature } from '../sessions/signature.js';
import { boxToPicture, compose } from '../vision/affine.js';
import { alignmentMap } from '../vision/alignment.js';
import type { Box } from '../vision/box.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import type { Tensor } from '../vision/tensor.js';
import { warp } from '../vision/warp.js';
import { estimateAge, OLDEST } from './age.js';
import type { Demographics } from './demographics.js';
import type { FaceView } from './face-view.js';
import { mostLikely } from './labels.js';

const SIDE = 96;
export const SHAPE = [3, SIDE, SIDE] as const;
export const SIGNATURE: Signature = {
  input: ['N', ...SHAPE],
  outputs: { gender: ['N', 2], age: ['N', OLDEST + 1], race: ['N', 5] },
};

/** What the network sees, in pixels of the alignment template: training/demographics/train.py. */
const VIEW: Box = { x1: 6.5, y1: 21.5, x2: 106.5, y2: 121.5 };
const NORMALISATION: Normalisation = {
  order: 'BGR',
  mean: [127.5, 127.5, 127.5],
  std: [128, 128, 128],
};

/** Draws one face into a batch, 3×96×96 floats from index `offset` on. */
export function preprocess({ image, keypoints }: FaceView, { data }: Tensor, offset: number): void {
  const map = compose(boxToPicture(VIEW, SIDE, SIDE), alignmentMap(keypoints));
  warp(image, map, { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/** @param outputs the probabilities of the pack's `genders`, of the years 0…100, and of the pack's `races` */
export function postprocess(
  [gender, age, race]: readonly Float32Array[],
  { genders, races = [] }: DemographicsModel,
): Demographics {
  return { gender: mostLikely(gender, genders), age: estimateAge(age), race: mostLikely(race, races) };
}
