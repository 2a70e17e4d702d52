/**
 * Head pose with Hopenet (arXiv:1710.00925): three softmaxes over 66 bins of 3 degrees, whose expectation is the angle.
 * Sees the detector's box with a quarter of its width and height added on each side, 224×224, ImageNet statistics.
 */
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager, type Signature } from '../sessions/session-manager.service.js';
import { boxToPicture } from '../vision/affine.js';
import { scaleAboutCentre } from '../vision/box.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import { type Normalisation, warp } from '../vision/warp.js';
import type { FaceView } from './face-view.js';

/** Degrees: roll positive clockwise on the screen, yaw positive to the image's right, pitch positive up. */
export interface Pose {
  readonly roll: number;
  readonly yaw: number;
  readonly pitch: number;
}

const SIDE = 224;
const MARGIN = 1.5;
const BINS = 66;
const BIN_DEGREES = 3;
export const SIGNATURE: Signature = {
  input: ['N', 3, SIDE, SIDE],
  outputs: { yaw: ['N', BINS], pitch: ['N', BINS], roll: ['N', BINS] },
};
const FIRST_BIN_DEGREES = -99;
const NORMALISATION: Normalisation = {
  order: 'RGB',
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

@Injectable()
export class PoseHead implements OnModuleInit {
  private model?: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    if (models.pose === undefined) return;
    this.model = await this.sessions.open(join(folder, models.pose.file), SIGNATURE);
  }

  /** The pose of each face, in order; `null` where the pack has no pose model. */
  async describe(faces: readonly FaceView[]): Promise<(Pose | null)[]> {
    if (this.model === undefined) return faces.map(() => null);
    const outputs = await runInBatches(this.model, faces, [3, SIDE, SIDE], preprocess);
    return outputs.map(postprocess);
  }
}

function preprocess({ image, box }: FaceView, { data }: Tensor, offset: number): void {
  const map = boxToPicture(scaleAboutCentre(box, MARGIN), SIDE, SIDE);
  warp(image, map, { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/** The network's yaw is positive to the image's left; the contract's is the opposite. */
function postprocess({ yaw, pitch, roll }: Record<string, Float32Array>): Pose {
  return { roll: expectedAngle(roll), yaw: -expectedAngle(yaw), pitch: expectedAngle(pitch) };
}

/** Expectation over the bins, in degrees. */
function expectedAngle(logits: Float32Array): number {
  return softmax(logits).reduce((sum, p, bin) => sum + p * bin, 0) * BIN_DEGREES + FIRST_BIN_DEGREES;
}
