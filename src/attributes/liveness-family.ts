/** The families of models that tell a living face from a picture of one. One file each. */
import type { LivenessModel } from '../packs/liveness-model.js';
import type { FaceFamily } from './face-network.js';
import * as minifasnet from './minifasnet.js';

/** What the file of a family exports; the answer is the probability of a living face, 0…1. */
export type LivenessFamily = FaceFamily<LivenessModel, number>;

/** The families by their name in pack.json. */
export const LIVENESS_FAMILIES: Readonly<Record<LivenessModel['family'], LivenessFamily>> = { minifasnet };
