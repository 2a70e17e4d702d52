/** Every family a pack's landmarks can be of, by the name `pack.json` gives. A new one is one file and one word here. */
import type { LandmarksModel } from '../packs/landmarks-model.js';
import type { InputScaling } from '../packs/model-file.js';
import type { Signature } from '../sessions/signature.js';
import type { Affine, Point } from '../vision/affine.js';
import type { Box } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';
import * as landmarks106 from './landmarks106.js';
import * as landmarks68 from './landmarks68.js';

/** The functions a file of a family exports. */
export interface LandmarkFamily {
  /** What the graph takes and gives; `postprocess` takes its first output. */
  readonly SIGNATURE: Signature;
  /** Shape of one input. */
  readonly SHAPE: readonly number[];
  /** The map from pixels of a face's crop to pixels of the picture. */
  cropMap(box: Box): Affine;
  /** Writes the crop that `map` shows into a batch. */
  preprocess(image: Image, map: Affine, batch: Tensor, offset: number, scaling?: InputScaling): void;
  /** The points in pixels of the picture, read from the crop of `cropMap(box)`. */
  postprocess(output: Float32Array, box: Box): Point[];
  /** Eye centres, nose tip and mouth corners, image left first. */
  fivePoints(landmarks: readonly Point[]): Point[];
}

export const LANDMARK_FAMILIES = {
  landmarks68,
  '2d106det': landmarks106,
} satisfies Record<LandmarksModel['family'], LandmarkFamily>;
