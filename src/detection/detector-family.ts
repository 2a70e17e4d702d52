/**
 * The families of detectors: how a picture becomes the input of a graph, and its outputs become boxes. One file each.
 */
import type { DetectorModel } from '../packs/detector-model.js';
import type { Signature } from '../sessions/signature.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';
import type { Candidate } from './face.js';
import type { Letterbox } from './letterbox.js';
import * as scrfd from './scrfd.js';
import * as ultraface from './ultraface.js';
import * as yunet from './yunet.js';

/** What the file of a family exports. */
export interface DetectorFamily {
  /** Input and outputs of the graph; `postprocess` takes the outputs in this order. */
  readonly SIGNATURE: Signature;
  /** Whether a graph with this number of outputs finds keypoints. */
  hasKeypoints(outputs: number): boolean;
  /** The input in which the picture's longer side is `size` pixels long. */
  letterbox(image: Image, size: number): Letterbox;
  /**
   * Draws one picture into a batch, N×3×height×width floats.
   * @param offset index of the picture's first float in `batch.data`
   */
  preprocess(image: Image, letterbox: Letterbox, batch: Tensor, offset: number): void;
  /**
   * The candidates of one picture with a score of at least `minScore`, in pixels of the picture, before suppression.
   * @param outputs of this picture
   */
  postprocess(
    outputs: readonly Float32Array[],
    letterbox: Letterbox,
    image: Image,
    minScore: number,
  ): Candidate[];
}

/** The families by their name in pack.json. */
export const DETECTOR_FAMILIES: Readonly<Record<DetectorModel['family'], DetectorFamily>> = {
  ultraface,
  scrfd,
  yunet,
};
