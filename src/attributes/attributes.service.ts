/** Faces → attributes: runs each head that is asked for once, over all the faces that want it. */
import { Injectable } from '@nestjs/common';
import {
  type Appearance,
  APPEARANCE_NAMES,
  AppearanceHead,
  type AppearanceName,
  type FeaturedFace,
} from './appearance.head.js';
import { Pack } from '../packs/pack.js';
import type { Demographics } from './demographics.js';
import { DemographicsHead } from './demographics.head.js';
import type { FaceView } from './face-view.js';
import { LivenessHead } from './liveness.head.js';
import type { Pose } from './pose.js';
import { PoseHead } from './pose.head.js';
import { quality } from './quality.js';

/** The attributes of a face. */
export const ATTRIBUTE_NAMES = ['pose', 'quality', 'liveness', ...APPEARANCE_NAMES] as const;
export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

/** The output of the recognition trunk that attributes are derived from. */
export interface TrunkOutput extends Partial<FeaturedFace> {
  /** The norm of the face's embedding before normalisation. */
  readonly norm: number;
}

/** A face and the attributes that are wanted. */
export interface DescribableFace extends FaceView {
  readonly wanted: readonly AttributeName[];
  /** The recognition trunk's output, where a wanted attribute `needsRecognition`. */
  readonly trunk?: TrunkOutput;
}

/** The answers: `undefined` was not asked for, `null` the active pack cannot give. */
export interface Attributes {
  readonly pose?: Pose | null;
  /** 0…1 */
  readonly quality?: number | null;
  /** Probability of a living face, 0…1. */
  readonly liveness?: number | null;
  readonly gender?: Appearance['gender'] | null;
  readonly age?: Appearance['age'] | null;
  readonly race?: Appearance['race'] | null;
  /** Probability of a mask, 0…1. */
  readonly mask?: number | null;
}

@Injectable()
export class AttributesService {
  constructor(
    private readonly pack: Pack,
    private readonly poseHead: PoseHead,
    private readonly livenessHead: LivenessHead,
    private readonly appearanceHead: AppearanceHead,
    private readonly demographicsHead: DemographicsHead,
  ) {}

  /** Whether one of the attributes is derived from the recognition trunk's output. */
  needsRecognition(names: readonly AttributeName[]): boolean {
    return names.some(
      (name) =>
        name === 'quality' || (name === 'pose' && this.poseHead.readsFeatures) || this.comesFromTrunk(name),
    );
  }

  /** The probability that each candidate is a face, 0…1, in order; `null` where the pack cannot give it. */
  async faceProbabilities(candidates: readonly TrunkOutput[]): Promise<(number | null)[]> {
    const featured = candidates.filter(
      (one): one is TrunkOutput & FeaturedFace => one.features !== undefined,
    );
    const told: ReadonlyMap<TrunkOutput, number | null> = await answers(featured, (some) =>
      this.appearanceHead.faceProbabilities(some),
    );
    return candidates.map((one) => told.get(one) ?? null);
  }

  /** The wanted attributes of each face, in order. */
  async describe(faces: readonly DescribableFace[]): Promise<Attributes[]> {
    const asking = (name: AttributeName): DescribableFace[] =>
      faces.filter(({ wanted }) => wanted.includes(name));
    const poses = await answers(asking('pose'), (some) => this.poseHead.describe(some));
    const liveness = await answers(asking('liveness'), (some) => this.livenessHead.describe(some));
    const appearances = await this.appearances(faces);
    const demographics = await this.demographics(faces);
    return faces.map((face) => {
      const appearance = { ...appearances.get(face), ...demographics.get(face) };
      const told = <N extends AppearanceName>(name: N): Appearance[N] | null | undefined =>
        face.wanted.includes(name) ? (appearance[name] ?? null) : undefined;
      return {
        pose: poses.get(face),
        quality: face.wanted.includes('quality') ? this.qualityOf(face) : undefined,
        liveness: liveness.get(face),
        gender: told('gender'),
        age: told('age'),
        race: told('race'),
        mask: told('mask'),
      };
    });
  }

  /** The appearance head's answers for the faces that need it: every answer that at least one of them wants. */
  private async appearances(
    faces: readonly DescribableFace[],
  ): Promise<ReadonlyMap<DescribableFace, Appearance | null>> {
    const asking = faces
      .filter(isFeatured)
      .filter(({ wanted }) => wanted.some((name) => this.comesFromTrunk(name)));
    const names = APPEARANCE_NAMES.filter(
      (name) => this.comesFromTrunk(name) && asking.some(({ wanted }) => wanted.includes(name)),
    );
    return answers<FeaturedView, Appearance | null>(asking, (some) =>
      this.appearanceHead.describe(
        some.map(({ trunk }) => trunk),
        names,
      ),
    );
  }

  /** The answers of the networks that see the pixels, for the faces that need them. */
  private async demographics(
    faces: readonly DescribableFace[],
  ): Promise<ReadonlyMap<DescribableFace, Partial<Demographics>>> {
    const names = this.demographicsHead.answers.filter((name) =>
      faces.some(({ wanted }) => wanted.includes(name)),
    );
    const asking = faces.filter(({ wanted }) => names.some((name) => wanted.includes(name)));
    return answers(asking, (some) => this.demographicsHead.describe(some, names));
  }

  /**
   * Whether the attribute comes from the trunk's features: not where the pack has a model for it that sees the pixels.
   */
  private comesFromTrunk(name: AttributeName): boolean {
    return (
      APPEARANCE_NAMES.some((one) => one === name) &&
      !this.demographicsHead.answers.some((one) => one === name) &&
      this.pack.models.appearance !== undefined
    );
  }

  private qualityOf({ trunk }: DescribableFace): number | null {
    const { trunk: trunkModel, recognition } = this.pack.models;
    const curve = (trunkModel ?? recognition).quality;
    return curve === undefined || trunk === undefined ? null : quality(trunk.norm, curve);
  }
}

/** A face with features. */
type FeaturedView = DescribableFace & { readonly trunk: FeaturedFace };

function isFeatured(face: DescribableFace): face is FeaturedView {
  return face.trunk?.features !== undefined;
}

/** The answer of one head for each face it was run on. */
async function answers<F, T>(
  faces: readonly F[],
  describe: (faces: readonly F[]) => Promise<T[]>,
): Promise<Map<F, T>> {
  const results = await describe(faces);
  return new Map(faces.map((face, index) => [face, results[index]]));
}
