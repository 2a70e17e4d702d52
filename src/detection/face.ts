/** What detection knows of a face. */
import type { Point } from '../vision/affine.js';
import type { ScoredBox } from '../vision/nms.js';

/** A detected face, in pixels of the picture; `score` is the detector's, 0…1. The points are there when asked for. */
export interface Face extends ScoredBox {
  /** The pack's landmarks in their published order. */
  readonly landmarks?: readonly Point[];
  /** Eye centres, nose tip and mouth corners, image left first: what alignment needs. */
  readonly keypoints?: readonly Point[];
}
