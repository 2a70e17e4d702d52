/**
 * Gender and age with genderage of InsightFace (`attribute.py`): two scores and an age in centuries. Sees a centred
 * crop, 96×96, RGB. It says how the face looks to it, and not how sure it is of the age.
 */
import type { InputScaling } from '../packs/pack.js';
import type { Signature } from '../sessions/session-manager.service.js';
import { centredCropMap } from '../vision/centred-crop.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import { sample } from '../vision/warp.js';
import type { FaceView } from './face-view.js';

const SIDE = 96;
/** Shape of one input. */
export const SHAPE = [3, SIDE, SIDE] as const;

/** What the graph takes and gives. */
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: [['N', 3]] };

/** The classes of its first two outputs. */
export const GENDERS = ['Female', 'Male'] as const;

/** Of graphs that begin with a subtraction and a multiplication of their own, as the published one does. */
const RAW: InputScaling = { mean: 0, std: 1 };

/** What it reads of a face. */
export interface GenderAge {
  /** Probability of each of `GENDERS`. */
  readonly gender: Float32Array;
  /** Whole years. */
  readonly years: number;
}

/** Writes the crop of one face into a batch. */
export function preprocess(
  { image, box }: FaceView,
  { data }: Tensor,
  offset: number,
  { mean, std }: InputScaling = RAW,
): void {
  const normalisation = { order: 'RGB', mean: [mean, mean, mean], std: [std, std, std] } as const;
  // Point sampling, as the crops it was trained on were made.
  sample(image, centredCropMap(box, SIDE), { data, offset, width: SIDE, height: SIDE }, normalisation);
}

/** @param output scores of female and male, and the age divided by 100 */
export function postprocess(output: Float32Array): GenderAge {
  return { gender: softmax(output.subarray(0, 2)), years: Math.max(0, Math.round(output[2] * 100)) };
}
