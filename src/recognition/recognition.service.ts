/** Faces → identities: an aligned crop of each face through the recognition network (ArcFace, arXiv:1801.07698). */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pathsOf } from '../packs/graph-paths.js';
import { Pack } from '../packs/pack.js';
import type { RecognitionModel } from '../packs/recognition-model.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Signature } from '../sessions/signature.js';
import type { Point } from '../vision/affine.js';
import { ALIGNED_SIDE, alignmentMap } from '../vision/alignment.js';
import type { Image } from '../vision/image.js';
import type { Normalisation } from '../vision/planes.js';
import { warp } from '../vision/warp.js';
import { normalise } from './similarity.js';

const INPUT = ['N', 3, ALIGNED_SIDE, ALIGNED_SIDE] as const;

/** What a graph takes and gives that has features beside the embedding. */
export const SIGNATURE: Signature = {
  input: INPUT,
  outputs: { embedding: ['N', 512], features: ['N', 128, 14, 14] },
};
/** What any other graph takes and gives: the embedding, whatever it is called. */
const EMBEDDING_ONLY: Signature = { input: INPUT, outputs: [['N', 512]] };

/** A face to recognise: five keypoints in pixels of its picture. */
export interface AlignableFace {
  readonly image: Image;
  readonly keypoints: readonly Point[];
}

/** What the trunk says of one face. */
export interface Identity {
  /** L2-normalised embedding, 512 numbers. */
  readonly embedding: Float32Array;
  /** Its length before it was normalised. */
  readonly length: number;
  /** A feature map from inside the trunk, 128×14×14, that the appearance head reads; missing where the graph has none. */
  readonly features?: Float32Array;
}

/** A graph and how its input is scaled. */
interface Network {
  readonly model: Model;
  readonly normalisation: Normalisation;
}

@Injectable()
export class RecognitionService implements OnModuleInit {
  private recognition!: Network;
  private trunk!: Network;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { recognition, trunk } = this.pack.models;
    this.recognition = await this.open(recognition);
    this.trunk = trunk === undefined ? this.recognition : await this.open(trunk);
  }

  /** Whether the attributes read something else than the model that gives the embedding. */
  get hasTrunk(): boolean {
    return this.trunk !== this.recognition;
  }

  /** The identity of each face, in order. */
  embed(faces: readonly AlignableFace[]): Promise<Identity[]> {
    return run(this.recognition, faces);
  }

  /** What the model that attributes read says of each face, in order; the same where the pack has one model for both. */
  read(faces: readonly AlignableFace[]): Promise<Identity[]> {
    return run(this.trunk, faces);
  }

  private async open(facts: RecognitionModel): Promise<Network> {
    const { hasFeatures, channelOrder, mean, std } = facts;
    const signature = hasFeatures ? SIGNATURE : EMBEDDING_ONLY;
    return {
      model: await this.sessions.open(pathsOf(this.pack.folder, facts), signature),
      normalisation: { order: channelOrder, mean: [mean, mean, mean], std: [std, std, std] },
    };
  }
}

async function run({ model, normalisation }: Network, faces: readonly AlignableFace[]): Promise<Identity[]> {
  const shape = [3, ALIGNED_SIDE, ALIGNED_SIDE];
  const outputs = await runInBatches(model, faces, shape, ({ image, keypoints }, { data }, offset) => {
    const target = { data, offset, width: ALIGNED_SIDE, height: ALIGNED_SIDE };
    warp(image, alignmentMap(keypoints), target, normalisation);
  });
  const [name] = model.outputs;
  return outputs.map(({ [name]: embedding, features }) => ({
    embedding: normalise(embedding),
    length: Math.hypot(...embedding),
    features,
  }));
}
