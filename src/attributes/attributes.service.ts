/** Faces → descriptions: runs the heads that are asked for, each once over all the faces that want it. */
import { Injectable } from '@nestjs/common';
import type { FaceView } from './face-view.js';
import { LivenessHead } from './liveness.head.js';
import type { Pose } from './pose.js';
import { PoseHead } from './pose.head.js';
import { Pack } from '../packs/pack.js';
import { quality } from './quality.js';

/** What can be asked of a face. */
export type AttributeName = 'pose' | 'quality' | 'liveness';

/** A face, and what is asked of it. */
export interface DescribableFace extends FaceView {
  readonly wanted: readonly AttributeName[];
  /** Length of the face's embedding before it was normalised, where an attribute is asked for that `needsEmbedding`. */
  readonly embeddingLength?: number;
}

/** The answers; `undefined` was not asked for, `null` the active pack cannot tell. */
export interface Attributes {
  readonly pose?: Pose | null;
  /** 0…1 */
  readonly quality?: number | null;
  /** 0…1, high for a living face. */
  readonly liveness?: number | null;
}

/** Whether one of the attributes is read off what the recognition model says. */
export function needsEmbedding(names: readonly AttributeName[]): boolean {
  return names.includes('quality');
}

@Injectable()
export class AttributesService {
  constructor(
    private readonly pack: Pack,
    private readonly poseHead: PoseHead,
    private readonly livenessHead: LivenessHead,
  ) {}

  /** The wanted attributes of each face, in order. */
  async describe(faces: readonly DescribableFace[]): Promise<Attributes[]> {
    const asking = (name: AttributeName): DescribableFace[] =>
      faces.filter(({ wanted }) => wanted.includes(name));
    const poses = await answers(asking('pose'), (some) => this.poseHead.describe(some));
    const liveness = await answers(asking('liveness'), (some) => this.livenessHead.describe(some));
    return faces.map((face) => ({
      pose: poses.get(face),
      quality: face.wanted.includes('quality') ? this.qualityOf(face) : undefined,
      liveness: liveness.get(face),
    }));
  }

  private qualityOf({ embeddingLength }: DescribableFace): number | null {
    const curve = this.pack.models.recognition.quality;
    return curve === undefined || embeddingLength === undefined ? null : quality(embeddingLength, curve);
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
