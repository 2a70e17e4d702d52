/** Faces → descriptions: runs the heads that are asked for, each once over all the faces that want it. */
import { Injectable } from '@nestjs/common';
import type { FaceView } from './face-view.js';
import { LivenessHead } from './liveness.head.js';
import { type Pose, PoseHead } from './pose.head.js';
import { measureQuality, quality } from './quality.js';

/** What can be asked of a face. */
export type AttributeName = 'pose' | 'quality' | 'liveness';

/** A face, and what is asked of it. */
export interface DescribableFace extends FaceView {
  readonly wanted: readonly AttributeName[];
}

/** The answers; `undefined` was not asked for, `null` the active pack cannot tell. */
export interface Attributes {
  readonly pose?: Pose | null;
  /** 0…1 */
  readonly quality?: number | null;
  /** 0…1, high for a living face. */
  readonly liveness?: number | null;
}

@Injectable()
export class AttributesService {
  constructor(
    private readonly poseHead: PoseHead,
    private readonly livenessHead: LivenessHead,
  ) {}

  /** The wanted attributes of each face, in order. */
  async describe(faces: readonly DescribableFace[]): Promise<Attributes[]> {
    const asking = (...names: AttributeName[]): DescribableFace[] =>
      faces.filter(({ wanted }) => names.some((name) => wanted.includes(name)));
    // Quality needs the pose, so asking for either runs that head.
    const poses = await answers(asking('pose', 'quality'), (some) => this.poseHead.describe(some));
    const liveness = await answers(asking('liveness'), (some) => this.livenessHead.describe(some));
    return faces.map((face) => {
      const pose = poses.get(face);
      return {
        pose: face.wanted.includes('pose') ? pose : undefined,
        quality: face.wanted.includes('quality') ? quality(measureQuality(face, pose ?? null)) : undefined,
        liveness: liveness.get(face),
      };
    });
  }
}

/** The answer of one head for each face it was run on. */
async function answers<T>(
  faces: readonly DescribableFace[],
  describe: (faces: readonly DescribableFace[]) => Promise<T[]>,
): Promise<Map<DescribableFace, T>> {
  const results = await describe(faces);
  return new Map(faces.map((face, index) => [face, results[index]]));
}
