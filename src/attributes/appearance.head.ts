/**
 * Gender, age, race, mask, and whether a crop shows a face at all, from the recognition trunk's features by one small
 * network of our own. It gives calibrated probabilities. Data, figures and limits: models/default/cards/appearance.md.
 */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../errors.js';
import { pathsOf } from '../packs/graph-paths.js';
import type { AppearanceModel } from '../packs/attribute-models.js';
import { Pack } from '../packs/pack.js';
import { type Outputs, runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Signature } from '../sessions/signature.js';
import type { Tensor } from '../vision/tensor.js';
import { estimateAge, OLDEST, type Age } from './age.js';
import { mostLikely, type Labelled } from './labels.js';

/** What the head can tell about a face; each is one output of its graph. */
export const APPEARANCE_NAMES = ['gender', 'age', 'race', 'mask'] as const;
export type AppearanceName = (typeof APPEARANCE_NAMES)[number];

/** A face with the recognition trunk's features. */
export interface FeaturedFace {
  /** The trunk's feature map, 128×14×14. */
  readonly features: Float32Array;
}

/** The answers that were asked for. */
export interface Appearance {
  readonly gender?: Labelled<'Female' | 'Male'>;
  readonly age?: Age;
  /** The label is `null` when the likeliest class mixes several of the API's labels. */
  readonly race?: Labelled<string | null>;
  /** Probability of a mask, 0…1. */
  readonly mask?: number;
}

/** Shape of the input of one face: the trunk's features. */
export const SHAPE = [128, 14, 14] as const;

/** Input and outputs of the graph. */
export function signature({ genders, races }: AppearanceModel): Signature {
  return {
    input: ['N', ...SHAPE],
    outputs: {
      gender: ['N', genders.length],
      age: ['N', OLDEST + 1],
      race: ['N', races.length],
      mask: ['N', 1],
      face: ['N', 1],
    },
  };
}

@Injectable()
export class AppearanceHead implements OnModuleInit {
  private model?: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    if (models.appearance === undefined) return;
    if (!(models.trunk ?? models.recognition).hasFeatures) {
      const message = `${models.appearance.file} needs features, and the pack's recognition model gives none ("hasFeatures").`;
      throw new AppError('invalid_pack', message);
    }
    this.model = await this.sessions.open(pathsOf(folder, models.appearance), signature(models.appearance));
  }

  /** The appearance of each face, in order; `null` where the pack has no such head. */
  async describe(
    faces: readonly FeaturedFace[],
    names: readonly AppearanceName[],
  ): Promise<(Appearance | null)[]> {
    const { appearance } = this.pack.models;
    if (this.model === undefined || appearance === undefined || names.length === 0)
      return faces.map(() => null);
    const outputs = await this.run(this.model, faces, names);
    return outputs.map((output) => postprocess(output, appearance));
  }

  /** The probability that each candidate is a face, 0…1, in order; `null` where the pack has no such head. */
  async faceProbabilities(faces: readonly FeaturedFace[]): Promise<(number | null)[]> {
    if (this.model === undefined) return faces.map(() => null);
    const outputs = await this.run(this.model, faces, ['face']);
    return outputs.map(({ face }) => face[0]);
  }

  private run(model: Model, faces: readonly FeaturedFace[], names: readonly string[]): Promise<Outputs[]> {
    const fill = ({ features }: FeaturedFace, { data }: Tensor, offset: number): void =>
      data.set(features, offset);
    return runInBatches(model, faces, SHAPE, fill, names);
  }
}

function postprocess(
  { gender, age, race, mask }: Partial<Outputs>,
  { genders, races }: AppearanceModel,
): Appearance {
  return {
    gender: gender && mostLikely(gender, genders),
    age: age && estimateAge(age),
    race: race && mostLikely(race, races),
    mask: mask?.[0],
  };
}
