/**
 * The pose of heads that are turned little, from the recognition trunk's features by a small network of our own. It
 * learnt from Hopenet's answers and is as good as Hopenet within its limits, at a hundredth of the cost. Data and
 * figures: models/default/cards/quick-pose.md.
 */
import type { PoseModel, QuickPoseModel } from '../packs/pose-model.js';
import type { Signature } from '../sessions/signature.js';
import { keypointRoll } from '../vision/alignment.js';
import type { Point } from '../vision/affine.js';
import type { Pose } from './pose.js';

/** The pose family it learnt from. */
export const TEACHER: PoseModel['family'] = 'hopenet';

/** Shape of the input of one face: the trunk's features. */
export const SHAPE = [128, 14, 14] as const;

/** Input and output of the graph: roll as seen in the aligned crop, yaw and pitch, in degrees. */
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: { angles: ['N', 3] } };

/**
 * The pose of one face, before calibration. Undefined where the head is turned further than the network can tell, or
 * where the aligned crop was not upright, which means that the keypoints are wrong.
 */
export function postprocess(
  { angles: [roll, yaw, pitch] }: Record<string, Float32Array>,
  keypoints: readonly Point[],
  { limits }: QuickPoseModel,
): Pose | undefined {
  const isWithin =
    Math.abs(roll) <= limits.roll && Math.abs(yaw) <= limits.yaw && Math.abs(pitch) <= limits.pitch;
  return isWithin ? { roll: roll + keypointRoll(keypoints), yaw, pitch } : undefined;
}
