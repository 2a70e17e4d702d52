/** What the attribute heads are given of a face. */
import type { Point } from '../vision/affine.js';
import type { Box } from '../vision/box.js';
import type { Image } from '../vision/image.js';

/** One face in its picture; box and keypoints in pixels. */
export interface FaceView {
  readonly image: Image;
  readonly box: Box;
  /** Eye centres, nose tip and mouth corners, image left first. */
  readonly keypoints: readonly Point[];
}
