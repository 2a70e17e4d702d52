/**
 * The liveness family MiniFASNet of Silent-Face-Anti-Spoofing (https://github.com/minivision-ai): three classes, the
 * first of which is a living face. Its input is a multiple of the face's box, 128×128, raw 0…255 in BGR order.
 */
import type { LivenessModel } from '../packs/liveness-model.js';
import type { Signature } from '../sessions/signature.js';
import { boxToPicture } from '../vision/affine.js';
import { type Box, scaleAboutCentre } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import type { Tensor } from '../vision/tensor.js';
import { sample } from '../vision/warp.js';
import type { FaceView } from './face-view.js';

const SIDE = 128;
const LIVE = 0;
const UNCALIBRATED = { scale: 1, bias: 0 };
const NORMALISATION: Normalisation = { order: 'BGR', mean: [0, 0, 0], std: [1, 1, 1] };

/** Shape of the input of one face. */
export const SHAPE = [3, SIDE, SIDE] as const;

/** Input and output of the graph. */
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: { logits: ['N', 3] } };

/** Draws the surroundings of one face into a batch, 3×128×128 floats from index `offset` on. */
export function preprocess(
  { image, box }: Pick<FaceView, 'image' | 'box'>,
  { data }: Tensor,
  offset: number,
  { scale }: Pick<LivenessModel, 'scale'>,
): void {
  const map = boxToPicture(surroundings(box, image, scale), SIDE, SIDE);
  // Point sampling on purpose: the network was trained on such crops, and averaging would remove the fine texture
  // (moiré, print dots) that it recognises.
  sample(image, map, { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/** The probability that a face is a living one, 0…1. Without a calibration it is the softmax of the live class. */
export function postprocess(
  [logits]: readonly Float32Array[],
  { calibration = UNCALIBRATED }: Pick<LivenessModel, 'calibration'>,
): number {
  return 1 / (1 + Math.exp(-(calibration.scale * logOdds(logits) + calibration.bias)));
}

/** Log odds of the live class against the others together. */
function logOdds(logits: Float32Array): number {
  const others = [...logits].filter((_, index) => index !== LIVE);
  const highest = Math.max(...others);
  const sum = others.reduce((total, value) => total + Math.exp(value - highest), 0);
  return logits[LIVE] - highest - Math.log(sum);
}

/** The box enlarged by `scale`; the scale is reduced and the box shifted so that it stays inside the picture. */
export function surroundings(
  box: Box,
  { width, height }: Pick<Image, 'width' | 'height'>,
  scale: number,
): Box {
  const fitting = Math.min(scale, (width - 1) / (box.x2 - box.x1), (height - 1) / (box.y2 - box.y1));
  const { x1, y1, x2, y2 } = scaleAboutCentre(box, fitting);
  const dx = shift(x1, x2, width - 1);
  const dy = shift(y1, y2, height - 1);
  return { x1: x1 + dx, y1: y1 + dy, x2: x2 + dx, y2: y2 + dy };
}

function shift(low: number, high: number, limit: number): number {
  if (low < 0) return -low;
  return high > limit ? limit - high : 0;
}
