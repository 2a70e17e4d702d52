/**
 * Gender, age bracket and race with FairFace (arXiv:1908.04913; ONNX by https://github.com/yakhyo/fairface-onnx): a
 * ResNet-34 with three sets of scores. Sees the face aligned as for recognition at twice the size, 224×224, ImageNet
 * statistics. Its three Asian groups together are the contract's `Asian`.
 */
import type { Signature } from '../sessions/session-manager.service.js';
import { alignmentMap } from '../vision/alignment.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import { type Normalisation, warp } from '../vision/warp.js';
import type { FaceView } from './face-view.js';

const SIDE = 224;
/** Shape of one input. */
export const SHAPE = [3, SIDE, SIDE] as const;

/** The contract's label of each class of `race_output`. */
const RACE_OF_CLASS = [
  'White',
  'Black',
  'Latino/Hispanic',
  'Asian', // East Asian
  'Asian', // Southeast Asian
  'Asian', // Indian
  'Middle Eastern',
] as const;

/** The labels, in the order of `FairFace.race`. */
export const RACES = ['White', 'Black', 'Latino/Hispanic', 'Asian', 'Middle Eastern'] as const;
/** The classes of `gender_output`. */
export const GENDERS = ['Male', 'Female'] as const;
/** Number of age brackets; they are the contract's, youngest first. */
const BRACKETS = 9;

/** What the graph takes and gives. */
export const SIGNATURE: Signature = {
  input: ['N', ...SHAPE],
  outputs: {
    race_output: ['N', RACE_OF_CLASS.length],
    gender_output: ['N', GENDERS.length],
    age_output: ['N', BRACKETS],
  },
};

const NORMALISATION: Normalisation = {
  order: 'RGB',
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** What it reads of a face; each list of probabilities sums to 1. */
export interface FairFace {
  /** Of each of `GENDERS`. */
  readonly gender: Float32Array;
  /** Of each age bracket, youngest first. */
  readonly brackets: Float32Array;
  /** Of each of `RACES`. */
  readonly race: Float32Array;
}

/** Writes the aligned crop of one face into a batch. */
export function preprocess({ image, keypoints }: FaceView, { data }: Tensor, offset: number): void {
  warp(image, alignmentMap(keypoints, SIDE), { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/** @param outputs the scores, by the names of the graph's outputs */
export function postprocess({
  race_output: races,
  gender_output: gender,
  age_output: age,
}: Record<string, Float32Array>): FairFace {
  const race = new Float32Array(RACES.length);
  for (const [index, p] of softmax(races).entries()) race[RACES.indexOf(RACE_OF_CLASS[index])] += p;
  return { gender: softmax(gender), brackets: softmax(age), race };
}
