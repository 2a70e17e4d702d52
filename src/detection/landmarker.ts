/** A pack's landmark model with the code of its family: locates the points of each face, whichever way up it is. */
import { pathsOf } from '../packs/graph-paths.js';
import type { LandmarksModel } from '../packs/landmarks-model.js';
import type { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import type { Model, SessionManager } from '../sessions/session-manager.service.js';
import { type Affine, apply, compose, mean, type Point, rotationAbout } from '../vision/affine.js';
import { keypointRoll } from '../vision/alignment.js';
import { area, type Box, centre } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import { LANDMARKS_FAMILIES, type LandmarksFamily } from './landmarks-family.js';
import { agreement, Orientation } from './orientation.js';

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
export interface TiltedFace extends BoxedFace {
  readonly tilt: number;
}

/** What one run on a crop tells of its face. */
export interface Located extends FacePoints {
  /** The landmark network's features for the orientation network; missing where its graph has none. */
  readonly features?: Float32Array;
}

/** Landmark models were trained on heads with little tilt; beyond this they follow only about half of a tilt. */
const UPRIGHT_DEGREES = 35;
/** The sides from which a face that may not be upright is looked at, after the first look. */
const OTHER_SIDES = [90, 180, -90];
/** Pixels of a face's longer side below which the looks tell less than the first one: at 12, five faces in a hundred fewer pass. */
const SMALLEST_TOLD = 20;
/** Width over height of the detector's box of an upright face: the median of 386 faces of FairFace. */
const UPRIGHT_ASPECT = 0.775;
/** How far the middle of the keypoints lies below that of such a box, as a share of its height; of the same faces. */
const KEYPOINTS_BELOW = 0.08;

export class Landmarker {
  private constructor(
    private readonly family: LandmarksFamily,
    private readonly model: Model,
    private readonly facts: LandmarksModel,
    private readonly orientation?: Orientation,
  ) {}

  /** Loads the pack's landmark model, and its orientation network where it has the features for one. */
  static async open(sessions: SessionManager, pack: Pack, facts: LandmarksModel): Promise<Landmarker> {
    const family = LANDMARKS_FAMILIES[facts.family];
    const signature = (facts.hasFeatures && family.WITH_FEATURES) || family.SIGNATURE;
    const { orientation } = pack.models;
    return new Landmarker(
      family,
      await sessions.open(pathsOf(pack.folder, facts), signature),
      facts,
      facts.hasFeatures && orientation ? await Orientation.open(sessions, pack, orientation) : undefined,
    );
  }

  /**
   * The points of each face, in order. A face that turns out to be tilted is run again, turned upright, and once more in
   * a box about the points found so: the detector's box of a tilted head is not where that of an upright one would be.
   */
  async locate(faces: readonly BoxedFace[]): Promise<FacePoints[]> {
    const located = await this.look(faces.map((face) => ({ ...face, tilt: 0 })));
    const tilts = await this.tiltsOf(faces, located);
    const tilted = [...faces.keys()].filter((index) => Math.abs(tilts[index]) > UPRIGHT_DEGREES);
    const turned = await this.look(tilted.map((index) => ({ ...faces[index], tilt: tilts[index] })));
    const again = await this.look(turned.map(({ keypoints }, at) => recentred(faces[tilted[at]], keypoints)));
    for (const [at, index] of tilted.entries()) located[index] = again[at];
    return located;
  }

  /**
   * How many degrees each face is turned clockwise. The keypoints tell it of those that are nearly upright; the others
   * are looked at from the other sides too.
   */
  private async tiltsOf(faces: readonly BoxedFace[], located: readonly Located[]): Promise<number[]> {
    const { orientation } = this;
    const tilts = located.map(({ keypoints }) => keypointRoll(keypoints));
    if (orientation === undefined) return tilts;
    const turns = await orientation.tell(located);
    const doubtful = [...faces.keys()].filter(
      (index) => longerSide(faces[index].box) >= SMALLEST_TOLD && !orientation.isUpright(turns[index]),
    );
    const views = doubtful.flatMap((index) => OTHER_SIDES.map((tilt) => ({ ...faces[index], tilt })));
    const others = await orientation.tell(await this.look(views));
    for (const [at, index] of doubtful.entries()) {
      const looks = OTHER_SIDES.map((tilt, side) => ({ tilt, turn: others[at * OTHER_SIDES.length + side] }));
      const agreed = agreement([{ tilt: 0, turn: turns[index] }, ...looks]);
      // What is no face looks the same from every side: turned, it might pass for one.
      if (orientation.isSure(agreed)) tilts[index] = agreed.degrees;
    }
    return tilts;
  }

  /** Runs the model once on the crop of each face, in order, turned as told. */
  async look(faces: readonly TiltedFace[]): Promise<Located[]> {
    const { family, facts } = this;
    const boxes = faces.map(({ box, tilt }) => (tilt === 0 ? box : uprightBox(box)));
    const outputs = await runInBatches(
      this.model,
      [...faces.keys()],
      family.SHAPE,
      (index, batch, offset) => {
        const map = compose(family.cropMap(boxes[index]), turnOf(boxes[index], faces[index].tilt, 0.5));
        family.preprocess(faces[index].image, map, batch, offset, facts);
      },
    );
    const [name] = this.model.outputs;
    return outputs.map(({ [name]: output, features }, index) => {
      const turn = turnOf(boxes[index], faces[index].tilt, 0);
      const landmarks = family.postprocess(output, boxes[index]).map((point) => apply(turn, point));
      return { landmarks, keypoints: family.fivePoints(landmarks), features };
    });
  }
}

function longerSide({ x1, y1, x2, y2 }: Box): number {
  return Math.max(x2 - x1, y2 - y1);
}

/** The box of a tilted head as it would be if the head were upright. */
function uprightBox(box: Box): Box {
  const { x, y } = centre(box);
  const height = Math.sqrt(area(box) / UPRIGHT_ASPECT);
  const width = height * UPRIGHT_ASPECT;
  return { x1: x - width / 2, y1: y - height / 2, x2: x + width / 2, y2: y + height / 2 };
}

/** A tilted face, its box moved to where its keypoints say. */
function recentred({ image, box }: BoxedFace, keypoints: readonly Point[]): TiltedFace {
  const tilt = keypointRoll(keypoints);
  const { x, y } = mean(keypoints);
  const height = Math.sqrt(area(box) / UPRIGHT_ASPECT);
  const middle = apply(rotationAbout({ x, y }, tilt), { x, y: y - KEYPOINTS_BELOW * height });
  const from = centre(box);
  const [dx, dy] = [middle.x - from.x, middle.y - from.y];
  return { image, box: { x1: box.x1 + dx, y1: box.y1 + dy, x2: box.x2 + dx, y2: box.y2 + dy }, tilt };
}

/** A turn about the middle of a box; `shift` is 0.5 for pixel indices and 0 for continuous coordinates. */
function turnOf(box: Box, degrees: number, shift: number): Affine {
  const { x, y } = centre(box);
  return rotationAbout({ x: x - shift, y: y - shift }, degrees);
}
