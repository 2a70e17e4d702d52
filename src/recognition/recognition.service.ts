/** Faces → embeddings: an aligned crop of each face through the recognition network. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pathsOf } from '../packs/graph-paths.js';
import { Pack } from '../packs/pack.js';
import type { RecognitionModel } from '../packs/recognition-model.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import {
  type AlignableFace,
  EMBEDDING_ONLY,
  normalisationOf,
  preprocess,
  SHAPE,
  SIGNATURE,
} from './arcface.js';
import { normOf, normalise } from './similarity.js';

/** The output of a recognition network for one face. */
export interface Recognition {
  /** L2-normalised embedding, 512 floats. */
  readonly embedding: Float32Array;
  /** The embedding's Euclidean norm before normalisation. */
  readonly norm: number;
  /**
   * A feature map from inside the trunk, 128×14×14, for the attribute heads; missing where the graph has no such
   * output.
   */
  readonly features?: Float32Array;
}

/** A graph and the scaling of its input. */
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

  /** Whether the attributes use another model than the one that gives the embedding. */
  get hasTrunk(): boolean {
    return this.trunk !== this.recognition;
  }

  /** The embedding of each face, in order. */
  embed(faces: readonly AlignableFace[]): Promise<Recognition[]> {
    return run(this.recognition, faces);
  }

  /**
   * The output of the model that the attributes use, for each face in order; `embed`'s where the pack has one for both.
   */
  runTrunk(faces: readonly AlignableFace[]): Promise<Recognition[]> {
    return run(this.trunk, faces);
  }

  private async open(facts: RecognitionModel): Promise<Network> {
    const signature = facts.hasFeatures ? SIGNATURE : EMBEDDING_ONLY;
    return {
      model: await this.sessions.open(pathsOf(this.pack.folder, facts), signature),
      normalisation: normalisationOf(facts),
    };
  }
}

async function run(
  { model, normalisation }: Network,
  faces: readonly AlignableFace[],
): Promise<Recognition[]> {
  const outputs = await runInBatches(model, faces, SHAPE, (face, batch, offset) =>
    preprocess(face, normalisation, batch, offset),
  );
  const [name] = model.outputs;
  return outputs.map(({ [name]: embedding, features }) => {
    const norm = normOf(embedding);
    return { embedding: normalise(embedding, norm), norm, features };
  });
}
