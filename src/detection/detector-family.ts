/** What a detector family is: how a picture becomes its input, and how its outputs become boxes. One file for each. */
import type { Signature } from '../sessions/signature.js';
import type { Point } from '../vision/affine.js';
import type { Image } from '../vision/image.js';
import type { ScoredBox } from '../vision/nms.js';
import type { Tensor } from '../vision/tensor.js';
import type { Letterbox } from './letterbox.js';

/** A box before suppression, in pixels of the picture. */
export interface Candidate extends ScoredBox {
  /** Eye centres, nose tip and mouth corners, image left first, where the detector places them. */
  readonly keypoints?: readonly Point[];
}

/** The functions a file of a family exports. */
export interface DetectorFamily {
  /** What the graph takes and gives; `postprocess` takes the outputs in this order. */
  readonly SIGNATURE: Signature;
  /** Whether a graph with so many outputs places keypoints. */
  hasKeypoints(outputs: number): boolean;
  /** The input in which the picture's longer side is `size` pixels long. */
  letterbox(image: Image, size: number): Letterbox;
  /** Writes one picture into a batch of 3×height×width inputs. */
  preprocess(image: Image, letterbox: Letterbox, batch: Tensor, offset: number): void;
  /** The boxes of one picture whose score reaches `minScore`. */
  postprocess(
    outputs: readonly Float32Array[],
    letterbox: Letterbox,
    image: Image,
    minScore: number,
  ): Candidate[];
}
