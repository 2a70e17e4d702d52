/**
 * Which way up a face is, from the landmark network's features by a small network of our own. The landmarks themselves
 * do not tell: on a face upside down the network places the points of an upright one. Data and figures:
 * models/default/cards/orientation.md.
 */
import { pathsOf } from '../packs/graph-paths.js';
import type { OrientationModel } from '../packs/landmarks-model.js';
import type { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import type { Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Signature } from '../sessions/signature.js';

/** Shape of the input of one face: the landmark network's features. */
export const SHAPE = [64, 4, 4] as const;

/** Input and output of the graph: cosine and sine of the turn, clockwise on the screen. */
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: { turn: ['N', 2] } };

/**
 * How far a face is turned, as a vector: its direction is the turn, clockwise on the screen, and the surer the network
 * is the closer its length comes to 1.
 */
export interface Turn {
  readonly cosine: number;
  readonly sine: number;
}

/** One look at a face in a crop that was itself turned. */
export interface Look {
  /** By how many degrees clockwise the crop was turned. */
  readonly tilt: number;
  /** How far the face is turned within the crop. */
  readonly turn: Turn;
}

export class Orientation {
  private constructor(
    private readonly model: Model,
    private readonly facts: OrientationModel,
  ) {}

  /** Loads the pack's orientation network. */
  static async open(
    sessions: SessionManager,
    { folder }: Pack,
    facts: OrientationModel,
  ): Promise<Orientation> {
    return new Orientation(await sessions.open(pathsOf(folder, facts), SIGNATURE), facts);
  }

  /** The turn of each face within its crop, in order, from the landmark network's features of it, 64×4×4. */
  async tell(faces: readonly { readonly features?: Float32Array }[]): Promise<Turn[]> {
    const outputs = await runInBatches(this.model, faces, SHAPE, ({ features = [] }, { data }, offset) =>
      data.set(features, offset),
    );
    return outputs.map(({ turn: [cosine, sine] }) => ({ cosine, sine }));
  }

  /** Whether one look suffices: the face is nearly certain to be turned little. */
  isUpright({ cosine }: Turn): boolean {
    return cosine >= this.facts.minUpright;
  }

  /** Whether the looks at a face agree well enough to believe them. */
  isSure({ strength }: Agreement): boolean {
    return strength >= this.facts.minAgreement;
  }
}

/** What several looks at one face agree on. */
export interface Agreement {
  /** By how many degrees the face is turned clockwise in the picture, −180…180. */
  readonly degrees: number;
  /** The length of the mean of their answers: about 1 where all say the same and are sure, near 0 on what is no face. */
  readonly strength: number;
}

/** The mean of the looks, each turned back by its own tilt. */
export function agreement(looks: readonly Look[]): Agreement {
  let [x, y] = [0, 0];
  for (const { tilt, turn } of looks) {
    const angle = (tilt * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    x += cos * turn.cosine - sin * turn.sine;
    y += sin * turn.cosine + cos * turn.sine;
  }
  return { degrees: (Math.atan2(y, x) * 180) / Math.PI, strength: Math.hypot(x, y) / looks.length };
}
