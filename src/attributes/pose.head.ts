/**
 * Head pose: a glance at the recognition trunk's features tells that of a head turned little; whoever is turned further
 * is looked at by the pack's pose network.
 */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pathsOf } from '../packs/graph-paths.js';
import { Pack } from '../packs/pack.js';
import type { PoseOffsets } from '../packs/pose-model.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { FeaturedFace } from './appearance.head.js';
import type { FaceView } from './face-view.js';
import * as hopenet from './hopenet.js';
import type { Pose } from './pose.js';
import * as pose1k3d68 from './pose1k3d68.js';
import * as trunkPose from './trunk-pose.js';

/** A face, with the trunk's features where it has been there already. */
export interface PosedFace extends FaceView {
  readonly trunk?: Partial<FeaturedFace>;
}

@Injectable()
export class PoseHead implements OnModuleInit {
  private model?: Model;
  private quickModel?: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    const { pose, quickPose, trunk, recognition } = models;
    if (pose === undefined) return;
    const { SIGNATURE } = pose.family === 'hopenet' ? hopenet : pose1k3d68;
    this.model = await this.sessions.open(pathsOf(folder, pose), SIGNATURE);
    // It learnt from one family, and would contradict another.
    if (quickPose === undefined || pose.family !== 'hopenet' || !(trunk ?? recognition).hasFeatures) return;
    this.quickModel = await this.sessions.open(pathsOf(folder, quickPose), trunkPose.SIGNATURE);
  }

  /** Whether it looks at the trunk's features. */
  get readsFeatures(): boolean {
    return this.quickModel !== undefined;
  }

  /** The pose of each face, in order; `null` where the pack has no pose model. */
  async describe(faces: readonly PosedFace[]): Promise<(Pose | null)[]> {
    const { pose } = this.pack.models;
    if (this.model === undefined || pose === undefined) return faces.map(() => null);
    const poses = await this.poseFromFeatures(faces);
    const turned = [...faces.keys()].filter((index) => poses[index] === undefined);
    const looks = await this.poseFromPixels(turned.map((index) => faces[index]));
    for (const [at, index] of turned.entries()) poses[index] = looks[at];
    return poses.map((one) => (one === undefined ? null : calibrate(one, pose.calibration)));
  }

  /** The pose of each face whose features tell it. */
  private async poseFromFeatures(faces: readonly PosedFace[]): Promise<(Pose | undefined)[]> {
    const { quickPose } = this.pack.models;
    const poses: (Pose | undefined)[] = faces.map(() => undefined);
    if (this.quickModel === undefined || quickPose === undefined) return poses;
    const featured = faces.flatMap(({ trunk }, index) =>
      trunk?.features === undefined ? [] : [{ index, features: trunk.features }],
    );
    const outputs = await runInBatches(
      this.quickModel,
      featured,
      trunkPose.SHAPE,
      ({ features }, { data }, offset) => data.set(features, offset),
    );
    for (const [at, { index }] of featured.entries()) {
      poses[index] = trunkPose.postprocess(outputs[at], faces[index].keypoints, quickPose);
    }
    return poses;
  }

  /** What the pose network says of each face. */
  private async poseFromPixels(faces: readonly FaceView[]): Promise<Pose[]> {
    const { pose } = this.pack.models;
    if (this.model === undefined || pose === undefined) return [];
    if (pose.family === '1k3d68') {
      const outputs = await runInBatches(this.model, faces, pose1k3d68.SHAPE, (face, batch, offset) => {
        pose1k3d68.preprocess(face, batch, offset, pose.scaling);
      });
      const [name] = this.model.outputs;
      return outputs.map((output) => pose1k3d68.postprocess(output[name]));
    }
    const outputs = await runInBatches(this.model, faces, hopenet.SHAPE, hopenet.preprocess);
    return outputs.map((output, index) => hopenet.postprocess(output, faces[index]));
  }
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
