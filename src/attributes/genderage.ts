/**
 * Gender and age with genderage of InsightFace (`attribute.py`): two scores and an age in centuries, without a
 * confidence of the age. Its input is a centred crop, 96×96, RGB.
 */
import type { DemographicsModel } from '../packs/attribute-models.js';
import type { Signature } from '../sessions/signature.js';
import { centredCropMap, drawCentredCrop } from '../vision/centred-crop.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import { AGE_BRACKETS, bracketIndex } from './age.js';
import type { Demographics } from './demographics.js';
import type { FaceView } from './face-view.js';
import { mostLikely } from './labels.js';

const SIDE = 96;
export const SHAPE = [3, SIDE, SIDE] as const;
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: [['N', 3]] };

/** Draws the crop of one face into a batch, 3×96×96 floats from index `offset` on. */
export function preprocess(
  { image, box }: FaceView,
  batch: Tensor,
  offset: number,
  { scaling }: Pick<DemographicsModel, 'scaling'>,
): void {
  drawCentredCrop(image, centredCropMap(box, SIDE), SIDE, batch, offset, scaling);
}

/** @param outputs one of 3 floats: a score for each of the pack's `genders`, and the age divided by 100 */
export function postprocess([output]: readonly Float32Array[], { genders }: DemographicsModel): Demographics {
  const years = Math.max(0, Math.round(output[2] * 100));
  return {
    gender: mostLikely(softmax(output.subarray(0, 2)), genders),
    age: { years, bracket: AGE_BRACKETS[bracketIndex(years)], confidence: null },
  };
}
