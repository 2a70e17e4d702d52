/**
 * Head pose. A small network on the recognition trunk's features tells the pose of heads that are turned little; the
 * pack's pose network, which costs far more, sees only the others.
 */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pathsOf } from '../packs/graph-paths.js';
import { Pack } from '../packs/pack.js';
import type { PoseModel, PoseOffsets } from '../packs/pose-model.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import { wrapped } from '../vision/alignment.js';
import type { FeaturedFace } from './appearance.head.js';
import { FaceNetwork } from './face-network.js';
import type { FaceView } from './face-view.js';
import type { Pose } from './pose.js';
import { POSE_FAMILIES } from './pose-family.js';
import * as trunkPose from './trunk-pose.js';

/** A face, with the trunk's features where the trunk has run. */
export interface PosedFace extends FaceView {
  readonly trunk?: Partial<FeaturedFace>;
}

@Injectable()
export class PoseHead implements OnModuleInit {
  private network?: FaceNetwork<PoseModel, Pose>;
  private quickModel?: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    const { pose, quickPose, trunk, recognition } = models;
    if (pose === undefined) return;
    this.network = await FaceNetwork.open(this.sessions, folder, POSE_FAMILIES[pose.family], pose);
    // The quick network learnt from one family and would contradict the others.
    if (quickPose === undefined || pose.family !== trunkPose.TEACHER || !(trunk ?? recognition).hasFeatures)
      return;
    this.quickModel = await this.sessions.open(pathsOf(folder, quickPose), trunkPose.SIGNATURE);
  }

  /** Whether it uses the trunk's features. */
  get readsFeatures(): boolean {
    return this.quickModel !== undefined;
  }

  /** The pose of each face, in order; `null` where the pack has no pose model. */
  async describe(faces: readonly PosedFace[]): Promise<(Pose | null)[]> {
    const { network } = this;
    if (network === undefined) return faces.map(() => null);
    const poses = await this.quickPoses(faces);
    const others = [...faces.keys()].filter((index) => poses[index] === undefined);
    const answers = await network.describe(others.map((index) => faces[index]));
    for (const [at, index] of others.entries()) poses[index] = answers[at];
    return poses.map((pose) => (pose === undefined ? null : calibrate(pose, network.facts.calibration)));
  }

  /** The pose of each face, in order; undefined where the features do not tell it. */
  private async quickPoses(faces: readonly PosedFace[]): Promise<(Pose | undefined)[]> {
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
}

/** Adds the offsets; roll stays within −180…180. That of pitch fades as the head turns, because in profile the labels show no bias. */
export function calibrate({ roll, yaw, pitch }: Pose, offsets: PoseOffsets): Pose {
  const turned = yaw + offsets.yaw;
  return {
    roll: wrapped(roll + offsets.roll),
    yaw: turned,
    pitch: pitch + offsets.pitch * cosine(turned),
  };
}

/** The cosine of an angle in degrees. */
export function cosine(degrees: number): number {
  return Math.cos((degrees * Math.PI) / 180);
}
