/**
 * The pose of heads that are turned little, read off the recognition trunk's features by a small network of our own, which
 * learnt it from Hopenet's answers: as good as those within its limits, at a hundredth of the cost. See
 * models/default/cards/quick-pose.md for its data and figures.
 */
import type { PoseModel, QuickPoseModel } from '../packs/pose-model.js';
import type { Signature } from '../sessions/signature.js';
import { keypointRoll } from '../vision/alignment.js';
import type { Point } from '../vision/affine.js';
import type { Pose } from './pose.js';

/** The pose family it learnt from. */
export const TEACHER: PoseModel['family'] = 'hopenet';

/** Shape of one face's input: the trunk's features. */
export const SHAPE = [128, 14, 14] as const;

/** What the graph takes and gives: roll as seen in the aligned crop, yaw, pitch; degrees. */
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: { angles: ['N', 3] } };

/**
 * The pose of one face, before calibration; undefined where the head is turned further than the network can tell, or
 * where the crop it saw was not upright: the keypoints it was aligned by are wrong then.
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
