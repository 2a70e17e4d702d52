/** Liveness: the probability that a face is a living one and not a picture of one. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { LivenessModel } from '../packs/liveness-model.js';
import { Pack } from '../packs/pack.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import { FaceNetwork } from './face-network.js';
import type { FaceView } from './face-view.js';
import { LIVENESS_FAMILIES } from './liveness-family.js';

@Injectable()
export class LivenessHead implements OnModuleInit {
  private network?: FaceNetwork<LivenessModel, number>;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    if (models.liveness === undefined) return;
    const family = LIVENESS_FAMILIES[models.liveness.family];
    this.network = await FaceNetwork.open(this.sessions, folder, family, models.liveness);
  }

  /** The probability that each face is a living one, 0…1, in order; `null` where the pack has no such model. */
  async describe(faces: readonly FaceView[]): Promise<(number | null)[]> {
    return this.network?.describe(faces) ?? faces.map(() => null);
  }
}
