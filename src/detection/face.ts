/** What detection says about a face. */
import type { Point } from '../vision/affine.js';
import type { ScoredBox } from '../vision/nms.js';

/** A box that may show a face, in pixels of the picture; `score` is the detector's, 0…1. */
export interface Candidate extends ScoredBox {
  /** Eye centres, nose tip and mouth corners, image left first; missing where the detector does not find them. */
  readonly keypoints?: readonly Point[];
}

/** A candidate that survived suppression. */
export type Face = Candidate;

/** The points of a face, in pixels of the picture. */
export interface LandmarkedFace {
  /** The landmarks in their published order; missing where the pack has no model for them. */
  readonly landmarks?: readonly Point[];
  /** Eye centres, nose tip and mouth corners, image left first: what alignment needs. */
  readonly keypoints: readonly Point[];
}
