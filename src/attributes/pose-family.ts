/** The families of models that tell the pose of a head. One file each. */
import type { PoseModel } from '../packs/pose-model.js';
import type { FaceFamily } from './face-network.js';
import * as hopenet from './hopenet.js';
import type { Pose } from './pose.js';
import * as pose1k3d68 from './pose1k3d68.js';

/** What the file of a family exports; the pose is the one before calibration. */
export type PoseFamily = FaceFamily<PoseModel, Pose>;

/** The families by their name in pack.json. */
export const POSE_FAMILIES: Readonly<Record<PoseModel['family'], PoseFamily>> = {
  hopenet,
  '1k3d68': pose1k3d68,
};
