/**
 * The families of landmark models: how a face becomes the input of a graph, and its output becomes points. One file
 * each.
 */
import type { LandmarksModel } from '../packs/landmarks-model.js';
import type { Signature } from '../sessions/signature.js';
import type { Affine, Point } from '../vision/affine.js';
import type { Box } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';
import * as landmarks106 from './landmarks106.js';
import * as landmarks68 from './landmarks68.js';

/** What the file of a family exports. */
export interface LandmarksFamily {
  /** Input and output of the graph. */
  readonly SIGNATURE: Signature;
  /** The same for a graph that has features beside the landmarks; missing where the family has no such graph. */
  readonly WITH_FEATURES?: Signature;
  /** Shape of the input of one face. */
  readonly SHAPE: readonly number[];
  /** The map from pixels of a face's crop to pixels of the picture. */
  cropMap(box: Box): Affine;
  /**
   * Draws the crop that `map` shows into a batch.
   * @param offset index of the crop's first float in `batch.data`
   * @param facts what pack.json says about the model
   */
  preprocess(image: Image, map: Affine, batch: Tensor, offset: number, facts: LandmarksModel): void;
  /** The points in pixels of the picture, from the output for the crop of `cropMap(box)`. */
  postprocess(output: Float32Array, box: Box): Point[];
  /** Eye centres, nose tip and mouth corners, image left first. */
  fivePoints(landmarks: readonly Point[]): Point[];
}

/** The families by their name in pack.json. */
export const LANDMARKS_FAMILIES: Readonly<Record<LandmarksModel['family'], LandmarksFamily>> = {
  landmarks68,
  '2d106det': landmarks106,
};
