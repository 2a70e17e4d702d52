/** A pack's landmark model with the code of its family: locates the points of each face, tilted heads included. */
import { pathsOf } from '../packs/graph-paths.js';
import type { LandmarksModel } from '../packs/landmarks-model.js';
import type { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import type { Model, SessionManager } from '../sessions/session-manager.service.js';
import { type Affine, apply, compose, type Point, rotationAbout } from '../vision/affine.js';
import { keypointRoll } from '../vision/alignment.js';
import { type Box, centre } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import { LANDMARKS_FAMILIES, type LandmarksFamily } from './landmarks-family.js';

/** A face whose landmarks are to be located. */
export interface BoxedFace {
  readonly image: Image;
  /** In pixels of the image. */
  readonly box: Box;
}

/** The points of a face, in pixels of the image. */
export interface FacePoints {
  /** The family's landmarks, in their published order. */
  readonly landmarks: readonly Point[];
  /** Eye centres, nose tip and mouth corners, image left first. */
  readonly keypoints: readonly Point[];
}

/** A face, and how many degrees clockwise its crop is turned so that the head is upright in it. */
interface TiltedFace extends BoxedFace {
  readonly tilt: number;
}

/** Landmark models were trained on heads with little tilt; beyond this they follow only about half of a tilt. */
const UPRIGHT_DEGREES = 35;

export class Landmarker {
  private constructor(
    private readonly family: LandmarksFamily,
    private readonly model: Model,
    private readonly facts: LandmarksModel,
  ) {}

  /** Loads the pack's landmark model. */
  static async open(sessions: SessionManager, { folder }: Pack, facts: LandmarksModel): Promise<Landmarker> {
    const family = LANDMARKS_FAMILIES[facts.family];
    return new Landmarker(family, await sessions.open(pathsOf(folder, facts), family.SIGNATURE), facts);
  }

  /** The points of each face, in order. A face that turns out to be tilted is run again, turned upright. */
  async locate(faces: readonly BoxedFace[]): Promise<FacePoints[]> {
    const located = await this.locateTilted(faces.map(({ image, box }) => ({ image, box, tilt: 0 })));
    const tilts = located.map(({ keypoints }) => keypointRoll(keypoints));
    const tilted = [...faces.keys()].filter((index) => Math.abs(tilts[index]) > UPRIGHT_DEGREES);
    const again = await this.locateTilted(tilted.map((index) => ({ ...faces[index], tilt: tilts[index] })));
    for (const [at, index] of tilted.entries()) located[index] = again[at];
    return located;
  }

  private async locateTilted(faces: readonly TiltedFace[]): Promise<FacePoints[]> {
    const { family, facts } = this;
    const outputs = await runInBatches(
      this.model,
      faces,
      family.SHAPE,
      ({ image, box, tilt }, batch, offset) => {
        const map = compose(family.cropMap(box), turnOf(box, tilt, 0.5));
        family.preprocess(image, map, batch, offset, facts);
      },
    );
    const [name] = this.model.outputs;
    return outputs.map(({ [name]: output }, index) => {
      const { box, tilt } = faces[index];
      const turn = turnOf(box, tilt, 0);
      const landmarks = family.postprocess(output, box).map((point) => apply(turn, point));
      return { landmarks, keypoints: family.fivePoints(landmarks) };
    });
  }
}

/** A turn about the middle of a box; `shift` is 0.5 for pixel indices and 0 for continuous coordinates. */
function turnOf(box: Box, degrees: number, shift: number): Affine {
  const { x, y } = centre(box);
  return rotationAbout({ x: x - shift, y: y - shift }, degrees);
}
