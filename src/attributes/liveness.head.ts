/** Liveness: how sure a network of the family MiniFASNet is that a face is a living one. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pathsOf } from '../packs/graph-paths.js';
import { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { FaceView } from './face-view.js';
import { postprocess, preprocess, SHAPE, SIGNATURE } from './minifasnet.js';

@Injectable()
export class LivenessHead implements OnModuleInit {
  private model?: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    if (models.liveness === undefined) return;
    this.model = await this.sessions.open(pathsOf(folder, models.liveness), SIGNATURE);
  }

  /** How sure the model is that each face is a living one, 0…1, in order; `null` where the pack has no such model. */
  async describe(faces: readonly FaceView[]): Promise<(number | null)[]> {
    const { liveness } = this.pack.models;
    if (this.model === undefined || liveness === undefined) return faces.map(() => null);
    const outputs = await runInBatches(this.model, faces, SHAPE, (face, batch, offset) =>
      preprocess(face, liveness.scale, batch, offset),
    );
    return outputs.map(postprocess);
  }
}
