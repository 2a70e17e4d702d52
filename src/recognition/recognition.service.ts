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

/** What the graph takes and gives. */
export const SIGNATURE: Signature = {
  input: ['N', 3, ALIGNED_SIDE, ALIGNED_SIDE],
  outputs: { embedding: ['N', 512], features: ['N', 512] },
};

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
  /** Pooled features of the trunk, 512 numbers: what attribute heads look at. */
  readonly features: Float32Array;
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
    this.trunk = await this.sessions.open(join(folder, models.recognition.file), SIGNATURE);
  }

  /** The identity of each face, in order. */
  async embed(faces: readonly AlignableFace[]): Promise<Identity[]> {
    const shape = [3, ALIGNED_SIDE, ALIGNED_SIDE];
    const outputs = await runInBatches(this.trunk, faces, shape, ({ image, keypoints }, { data }, offset) => {
      const target = { data, offset, width: ALIGNED_SIDE, height: ALIGNED_SIDE };
      warp(image, alignmentMap(keypoints), target, this.normalisation);
    });
    return outputs.map(({ embedding, features }) => ({
      embedding: normalise(embedding),
      length: Math.hypot(...embedding),
      features,
    }));
  }
}
