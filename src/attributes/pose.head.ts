/**
 * Head pose with Hopenet (arXiv:1710.00925): three softmaxes over 66 bins of 3 degrees, whose expectation is the angle.
 * Sees a square about the detector's box, 224×224, ImageNet statistics; as in training, nothing is stretched.
 */
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Pack, type PoseOffsets } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Signature } from '../sessions/signature.js';
import { squareToPicture } from '../vision/affine.js';
import { keypointRoll } from '../vision/alignment.js';
import { area, centre } from '../vision/box.js';
import { softmax, type Tensor } from '../vision/tensor.js';
import type { Normalisation } from '../vision/planes.js';
import { warp } from '../vision/warp.js';
import type { FaceView } from './face-view.js';
import type { Pose } from './pose.js';
import * as pose1k3d68 from './pose1k3d68.js';

const SIDE = 224;
/** Side of the square in sight, in square roots of the box's area. */
const MARGIN = 1.3;
/** The network was trained on heads tilted little. By what the keypoints exceed this, the square is turned with them. */
const UPRIGHT_DEGREES = 25;
const BINS = 66;
const BIN_DEGREES = 3;
const FIRST_BIN_DEGREES = -99;
const NORMALISATION: Normalisation = {
  order: 'RGB',
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** What the graph takes and gives. */
export const SIGNATURE: Signature = {
  input: ['N', 3, SIDE, SIDE],
  outputs: { yaw: ['N', BINS], pitch: ['N', BINS], roll: ['N', BINS] },
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
    const signature = models.pose.family === 'hopenet' ? SIGNATURE : pose1k3d68.SIGNATURE;
    this.model = await this.sessions.open(join(folder, models.pose.file), signature);
  }

  /** The pose of each face, in order; `null` where the pack has no pose model. */
  async describe(faces: readonly FaceView[]): Promise<(Pose | null)[]> {
    const { pose } = this.pack.models;
    if (this.model === undefined || pose === undefined) return faces.map(() => null);
    if (pose.family === '1k3d68') {
      const outputs = await runInBatches(this.model, faces, pose1k3d68.SHAPE, (face, batch, offset) => {
        pose1k3d68.preprocess(face, batch, offset, pose.scaling);
      });
      const [name] = this.model.outputs;
      return outputs.map((output) => calibrate(pose1k3d68.postprocess(output[name]), pose.calibration));
    }
    const views = faces.map((face) => ({ ...face, tilt: excess(keypointRoll(face.keypoints)) }));
    const outputs = await runInBatches(this.model, views, [3, SIDE, SIDE], preprocess);
    return outputs.map((output, index) => postprocess(output, views[index].tilt, pose.calibration));
  }
}

/** A face, and by how many degrees it is turned back before the network sees it. */
interface TiltedView extends FaceView {
  readonly tilt: number;
}

function preprocess({ image, box, tilt }: TiltedView, { data }: Tensor, offset: number): void {
  const map = squareToPicture(centre(box), Math.sqrt(area(box)) * MARGIN, tilt, SIDE);
  warp(image, map, { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/** The network's yaw is positive to the image's left; the contract's is the opposite. */
function postprocess(
  { yaw, pitch, roll }: Record<string, Float32Array>,
  tilt: number,
  offsets: PoseOffsets,
): Pose {
  const angles = { roll: expectedAngle(roll) + tilt, yaw: -expectedAngle(yaw), pitch: expectedAngle(pitch) };
  return calibrate(angles, offsets);
}

/** Adds the offsets; that of pitch fades as the head turns, for in profile the labels show none. */
export function calibrate({ roll, yaw, pitch }: Pose, offsets: PoseOffsets): Pose {
  const turned = yaw + offsets.yaw;
  return { roll: roll + offsets.roll, yaw: turned, pitch: pitch + offsets.pitch * cosine(turned) };
}

/** The cosine of an angle in degrees. */
export function cosine(degrees: number): number {
  return Math.cos((degrees * Math.PI) / 180);
}

/** What of a tilt is too much for the network, in degrees. */
export function excess(degrees: number): number {
  return Math.sign(degrees) * Math.max(0, Math.abs(degrees) - UPRIGHT_DEGREES);
}

/** Expectation over the bins, in degrees. */
function expectedAngle(logits: Float32Array): number {
  return softmax(logits).reduce((sum, p, bin) => sum + p * bin, 0) * BIN_DEGREES + FIRST_BIN_DEGREES;
}
