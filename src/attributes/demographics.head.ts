/**
 * Gender, age and race by a network of their own, which sees the face's pixels and not the recognition trunk's
 * features.
 */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { DemographicsModel } from '../packs/attribute-models.js';
import { Pack } from '../packs/pack.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import type { DemographicName, Demographics } from './demographics.js';
import { DEMOGRAPHICS_FAMILIES } from './demographics-family.js';
import { FaceNetwork } from './face-network.js';
import type { FaceView } from './face-view.js';

@Injectable()
export class DemographicsHead implements OnModuleInit {
  private network?: FaceNetwork<DemographicsModel, Demographics>;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    if (models.demographics === undefined) return;
    const family = DEMOGRAPHICS_FAMILIES[models.demographics.family];
    this.network = await FaceNetwork.open(this.sessions, folder, family, models.demographics);
  }

  /** What the pack's model can tell; nothing where it has none. */
  get answers(): readonly DemographicName[] {
    const { demographics } = this.pack.models;
    return demographics === undefined ? [] : DEMOGRAPHICS_FAMILIES[demographics.family].ANSWERS;
  }

  /** The answers for each face, in order; `null` where the pack has no such model. */
  async describe(faces: readonly FaceView[]): Promise<(Demographics | null)[]> {
    return this.network?.describe(faces) ?? faces.map(() => null);
  }
}
