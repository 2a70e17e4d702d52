/**
 * Gender, age and race by networks of their own, which see the face's pixels and not the recognition trunk's features.
 */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { DemographicsModel } from '../packs/attribute-models.js';
import { Pack } from '../packs/pack.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import type { DemographicName, Demographics } from './demographics.js';
import { DEMOGRAPHICS_FAMILIES } from './demographics-family.js';
import { FaceNetwork } from './face-network.js';
import type { FaceView } from './face-view.js';

/** A network, and which answers are taken from it. */
interface Teller {
  readonly network: FaceNetwork<DemographicsModel, Demographics>;
  readonly names: readonly DemographicName[];
}

@Injectable()
export class DemographicsHead implements OnModuleInit {
  private tellers: readonly Teller[] = [];

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  /** Opens the pack's own network, and the extended pack's for the race where only that one tells it. */
  async onModuleInit(): Promise<void> {
    const { demographics, inheritedDemographics } = this.pack.models;
    if (demographics === undefined) return;
    const tellsRace = demographics.tells.race;
    this.tellers = [
      await this.open(demographics, ['gender', 'age', ...(tellsRace ? ['race' as const] : [])]),
    ];
    if (!tellsRace && inheritedDemographics?.tells.race === true)
      this.tellers = [...this.tellers, await this.open(inheritedDemographics, ['race'])];
  }

  /** What the pack's networks can tell; nothing where it has none. */
  get answers(): readonly DemographicName[] {
    return this.tellers.flatMap(({ names }) => names);
  }

  /**
   * The answers for each face, in order; a network that can tell none of `names` is not run.
   * @param names the answers that are wanted; others may come with them
   */
  async describe(
    faces: readonly FaceView[],
    names: readonly DemographicName[],
  ): Promise<Partial<Demographics>[]> {
    const needed = this.tellers.filter((teller) => teller.names.some((name) => names.includes(name)));
    const told = await Promise.all(
      needed.map(async ({ network, names }) =>
        (await network.describe(faces)).map((answer) => pick(answer, names)),
      ),
    );
    return faces.map(
      (_, index) => Object.assign({}, ...told.map((answers) => answers[index])) as Partial<Demographics>,
    );
  }

  private async open(facts: DemographicsModel, names: readonly DemographicName[]): Promise<Teller> {
    const family = DEMOGRAPHICS_FAMILIES[facts.family];
    return { network: await FaceNetwork.open(this.sessions, this.pack.folder, family, facts), names };
  }
}

function pick(answer: Demographics, names: readonly DemographicName[]): Partial<Demographics> {
  return Object.fromEntries(names.map((name) => [name, answer[name]]));
}
