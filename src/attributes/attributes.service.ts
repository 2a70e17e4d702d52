/** Faces → descriptions: runs the heads that are asked for, each once over all the faces that want it. */
import { Injectable } from '@nestjs/common';
import {
  type Appearance,
  APPEARANCE_NAMES,
  AppearanceHead,
  type AppearanceName,
  type FeaturedFace,
} from './appearance.head.js';
import type { FaceView } from './face-view.js';
import { LivenessHead } from './liveness.head.js';
import { type Pose, PoseHead } from './pose.head.js';
import { measureQuality, quality } from './quality.js';

/** What can be asked of a face. */
export const ATTRIBUTE_NAMES = ['pose', 'quality', 'liveness', ...APPEARANCE_NAMES] as const;
export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

/** A face, and what is asked of it. */
export interface DescribableFace extends FaceView {
  readonly wanted: readonly AttributeName[];
  /** The recognition trunk's features, where an attribute is asked for that `needsFeatures`. */
  readonly features?: Float32Array;
}

/** The answers; `undefined` was not asked for, `null` the active pack cannot tell. */
export interface Attributes {
  readonly pose?: Pose | null;
  /** 0…1 */
  readonly quality?: number | null;
  /** 0…1, high for a living face. */
  readonly liveness?: number | null;
  readonly gender?: Appearance['gender'] | null;
  readonly age?: Appearance['age'] | null;
  readonly race?: Appearance['race'] | null;
  /** Probability of a mask, 0…1. */
  readonly mask?: number | null;
}

/** Whether one of the attributes is read off the recognition trunk's features. */
export function needsFeatures(names: readonly AttributeName[]): boolean {
  return names.some(isAppearance);
}

@Injectable()
export class AttributesService {
  constructor(
    private readonly poseHead: PoseHead,
    private readonly livenessHead: LivenessHead,
    private readonly appearanceHead: AppearanceHead,
  ) {}

  /** The wanted attributes of each face, in order. */
  async describe(faces: readonly DescribableFace[]): Promise<Attributes[]> {
    const asking = (...names: AttributeName[]): DescribableFace[] =>
      faces.filter(({ wanted }) => names.some((name) => wanted.includes(name)));
    // Quality needs the pose, so asking for either runs that head.
    const poses = await answers(asking('pose', 'quality'), (some) => this.poseHead.describe(some));
    const liveness = await answers(asking('liveness'), (some) => this.livenessHead.describe(some));
    const appearances: ReadonlyMap<DescribableFace, Appearance | null> = await answers(
      asking(...APPEARANCE_NAMES).filter(isFeatured),
      (some) => this.appearanceHead.describe(some, namesWanted(some)),
    );
    return faces.map((face) => {
      const pose = poses.get(face);
      const appearance = appearances.get(face);
      const told = <N extends AppearanceName>(name: N): Appearance[N] | null | undefined =>
        face.wanted.includes(name) ? (appearance?.[name] ?? null) : undefined;
      return {
        pose: face.wanted.includes('pose') ? pose : undefined,
        quality: face.wanted.includes('quality') ? quality(measureQuality(face, pose ?? null)) : undefined,
        liveness: liveness.get(face),
        gender: told('gender'),
        age: told('age'),
        race: told('race'),
        mask: told('mask'),
      };
    });
  }
}

function isFeatured<F extends DescribableFace>(face: F): face is F & FeaturedFace {
  return face.features !== undefined;
}

/** The answers of the appearance head that at least one of the faces asks for. */
function namesWanted(faces: readonly DescribableFace[]): AppearanceName[] {
  return APPEARANCE_NAMES.filter((name) => faces.some(({ wanted }) => wanted.includes(name)));
}

function isAppearance(name: AttributeName): name is AppearanceName {
  return APPEARANCE_NAMES.some((one) => one === name);
}

/** The answer of one head for each face it was run on. */
async function answers<F, T>(
  faces: readonly F[],
  describe: (faces: readonly F[]) => Promise<T[]>,
): Promise<Map<F, T>> {
  const results = await describe(faces);
  return new Map(faces.map((face, index) => [face, results[index]]));
}
