/**
 * Gender and age with genderage of InsightFace (`attribute.py`): two scores and an age in centuries. Sees a centred
 * crop, 96×96, RGB. It does not say how sure it is of the age.
 */
import type { DemographicsModel } from '../packs/attribute-models.js';
import type { InputScaling } from '../packs/model-file.js';
import type { Signature } from '../sessions/signature.js';
import { centredCropMap } from '../vision/centred-crop.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import { sample } from '../vision/warp.js';
import { AGE_BRACKETS, bracketIndex } from './age.js';
import type { Demographics, DemographicName } from './demographic-families.js';
import type { FaceView } from './face-view.js';
import { mostLikely } from './labels.js';

const SIDE = 96;
export const SHAPE = [3, SIDE, SIDE] as const;
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: [['N', 3]] };
export const ANSWERS: readonly DemographicName[] = ['gender', 'age'];

/** Of graphs that begin with a subtraction and a multiplication of their own, as the published one does. */
const RAW: InputScaling = { mean: 0, std: 1 };

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

/** @param output a score for each of the pack's `genders`, and the age divided by 100 */
export function postprocess([output]: readonly Float32Array[], { genders }: DemographicsModel): Demographics {
  const years = Math.max(0, Math.round(output[2] * 100));
  return {
    gender: mostLikely(softmax(output.subarray(0, 2)), genders),
    age: { years, bracket: AGE_BRACKETS[bracketIndex(years)], confidence: null },
  };
}
