/**
 * Gender, age bracket and race with FairFace (arXiv:1908.04913; ONNX by https://github.com/yakhyo/fairface-onnx): a
 * ResNet-34 with three sets of scores. Its input is the face aligned as for recognition at twice the size, 224×224,
 * with ImageNet's mean and standard deviation.
 */
import type { DemographicsModel } from '../packs/attribute-models.js';
import type { Signature } from '../sessions/signature.js';
import { alignmentMap } from '../vision/alignment.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import { warp } from '../vision/warp.js';
import { AGE_BRACKETS } from './age.js';
import type { Demographics } from './demographics.js';
import type { FaceView } from './face-view.js';
import { mergeEqual, mostLikely } from './labels.js';

const SIDE = 224;
export const SHAPE = [3, SIDE, SIDE] as const;
export const SIGNATURE: Signature = {
  input: ['N', ...SHAPE],
  outputs: { race_output: ['N', 7], gender_output: ['N', 2], age_output: ['N', AGE_BRACKETS.length] },
};

const NORMALISATION: Normalisation = {
  order: 'RGB',
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** Draws the aligned crop of one face into a batch, 3×224×224 floats from index `offset` on. */
export function preprocess({ image, keypoints }: FaceView, { data }: Tensor, offset: number): void {
  warp(image, alignmentMap(keypoints, SIDE), { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/**
 * The three Asian classes have the same label in the pack's `races`, so their probabilities are added.
 * @param outputs scores for each of the pack's `races` and `genders`, and for each age bracket
 */
export function postprocess(
  [race, gender, age]: readonly Float32Array[],
  { genders, races = [] }: DemographicsModel,
): Demographics {
  const merged = mergeEqual(softmax(race), races);
  const bracket = mostLikely(softmax(age), AGE_BRACKETS);
  return {
    gender: mostLikely(softmax(gender), genders),
    age: { years: null, bracket: bracket.label, confidence: bracket.confidence },
    race: mostLikely(merged.probabilities, merged.labels),
  };
}
