/**
 * The pose family Hopenet (arXiv:1710.00925): three softmaxes over 66 bins of 3 degrees, whose expectation is the
 * angle. Its input is a square about the detector's box, 224×224, with ImageNet's mean and standard deviation; as in
 * training, nothing is stretched.
 */
import type { PoseModel } from '../packs/pose-model.js';
import type { Signature } from '../sessions/signature.js';
import { squareToPicture } from '../vision/affine.js';
import { keypointRoll } from '../vision/alignment.js';
import { area, centre } from '../vision/box.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import { warp } from '../vision/warp.js';
import type { FaceView } from './face-view.js';
import type { Pose } from './pose.js';

const SIDE = 224;
/** Side of the square, as a multiple of the square root of the box's area. */
const MARGIN = 1.3;
/** The network was trained on heads with little tilt: the square is turned back from this tilt on, from twice it wholly. */
const UPRIGHT_DEGREES = 25;
const BINS = 66;
const BIN_DEGREES = 3;
const FIRST_BIN_DEGREES = -99;
const NORMALISATION: Normalisation = {
  order: 'RGB',
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** Shape of the input of one face. */
export const SHAPE = [3, SIDE, SIDE] as const;

/** Input and outputs of the graph. */
export const SIGNATURE: Signature = {
  input: ['N', ...SHAPE],
  outputs: { yaw: ['N', BINS], pitch: ['N', BINS], roll: ['N', BINS] },
};

/** Draws one face into a batch, 3×224×224 floats from index `offset` on. */
export function preprocess({ image, box, keypoints }: FaceView, { data }: Tensor, offset: number): void {
  const map = squareToPicture(
    centre(box),
    Math.sqrt(area(box)) * MARGIN,
    excess(keypointRoll(keypoints)),
    SIDE,
  );
  warp(image, map, { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/**
 * The pose of one face, before calibration. The network's yaw is positive to the image's left, the API's to its right.
 */
export function postprocess(
  [yaw, pitch, roll]: readonly Float32Array[],
  _facts: PoseModel,
  { keypoints }: FaceView,
): Pose {
  const tilt = excess(keypointRoll(keypoints));
  return { roll: expectedAngle(roll) + tilt, yaw: -expectedAngle(yaw), pitch: expectedAngle(pitch) };
}

/** By how many degrees the network needs a tilted head turned back: without a step from none to all of the tilt. */
export function excess(degrees: number): number {
  const tilt = Math.abs(degrees);
  return Math.sign(degrees) * Math.max(0, Math.min(tilt, 2 * (tilt - UPRIGHT_DEGREES)));
}

/** Expectation over the bins, in degrees. */
function expectedAngle(logits: Float32Array): number {
  return softmax(logits).reduce((sum, p, bin) => sum + p * bin, 0) * BIN_DEGREES + FIRST_BIN_DEGREES;
}
