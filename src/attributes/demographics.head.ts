/** Gender, age and race with a network of their own, which looks at the pixels and not at the recognition trunk. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pathsOf } from '../packs/graph-paths.js';
import type { DemographicsModel } from '../packs/attribute-models.js';
import { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { DemographicFamily, DemographicName, Demographics } from './demographic-families.js';
import type { FaceView } from './face-view.js';
import * as fairface from './fairface.js';
import * as genderage from './genderage.js';

/** Every family, by the name `pack.json` gives. A new one is one file and one word here. */
const FAMILIES: Readonly<Record<DemographicsModel['family'], DemographicFamily>> = { genderage, fairface };

@Injectable()
export class DemographicsHead implements OnModuleInit {
  private model?: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    if (models.demographics === undefined) return;
    const { SIGNATURE } = FAMILIES[models.demographics.family];
    this.model = await this.sessions.open(pathsOf(folder, models.demographics), SIGNATURE);
  }

  /** What the pack's model can tell; nothing where it has none. */
  get answers(): readonly DemographicName[] {
    const { demographics } = this.pack.models;
    return demographics === undefined ? [] : FAMILIES[demographics.family].ANSWERS;
  }

  /** The answers for each face, in order; `null` where the pack has no such model. */
  async describe(faces: readonly FaceView[]): Promise<(Demographics | null)[]> {
    const { model } = this;
    const { demographics } = this.pack.models;
    if (model === undefined || demographics === undefined) return faces.map(() => null);
    const family = FAMILIES[demographics.family];
    const results = await runInBatches(model, faces, family.SHAPE, (face, batch, offset) => {
      family.preprocess(face, batch, offset, demographics.scaling);
    });
    return results.map((result) =>
      family.postprocess(
        model.outputs.map((name) => result[name]),
        demographics,
      ),
    );
  }
}
