/** Faces → identities: an aligned crop of each face through the recognition network (ArcFace, arXiv:1801.07698). */
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager, type Signature } from '../sessions/session-manager.service.js';
import type { Point } from '../vision/affine.js';
import { ALIGNED_SIDE, alignmentMap } from '../vision/alignment.js';
import type { Image } from '../vision/image.js';
import { type Normalisation, warp } from '../vision/warp.js';
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

@Injectable()
export class RecognitionService implements OnModuleInit {
  private readonly normalisation: Normalisation;
  private trunk!: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {
    const { channelOrder, mean, std } = pack.models.recognition;
    this.normalisation = { order: channelOrder, mean: [mean, mean, mean], std: [std, std, std] };
  }

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    const { file, hasFeatures } = models.recognition;
    this.trunk = await this.sessions.open(join(folder, file), hasFeatures ? SIGNATURE : EMBEDDING_ONLY);
  }

  /** The identity of each face, in order. */
  async embed(faces: readonly AlignableFace[]): Promise<Identity[]> {
    const shape = [3, ALIGNED_SIDE, ALIGNED_SIDE];
    const outputs = await runInBatches(this.trunk, faces, shape, ({ image, keypoints }, { data }, offset) => {
      const target = { data, offset, width: ALIGNED_SIDE, height: ALIGNED_SIDE };
      warp(image, alignmentMap(keypoints), target, this.normalisation);
    });
    const [name] = this.trunk.outputs;
    return outputs.map(({ [name]: embedding, features }) => ({
      embedding: normalise(embedding),
      length: Math.hypot(...embedding),
      features,
    }));
  }
}
