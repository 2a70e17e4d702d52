/** Candidates → faces of one picture: suppression, what the caller asks for, and their order. */
import { area, clip } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import { suppress, type SuppressionLimits } from '../vision/nms.js';
import type { Candidate } from './detector-family.js';

/**
 * Most faces of one picture, the ones of the best scores: each costs a run of every later model, and a caller who asks
 * for a score near 0 would get hundreds of boxes that are none.
 */
export const MAX_FACES = 300;

/** Which faces are wanted. */
export interface Wanted {
  /** Most faces, the largest ones; default: all. */
  readonly maxFaces?: number;
  /** Least length of a box's shorter side, in pixels of the picture; default: 0. */
  readonly minFaceSize?: number;
}

/** The faces of a picture, largest first, their boxes clipped to it; at most `MAX_FACES`. */
export function select(
  candidates: readonly Candidate[],
  { width, height }: Pick<Image, 'width' | 'height'>,
  limits: SuppressionLimits,
  { maxFaces = MAX_FACES, minFaceSize = 0 }: Wanted,
): Candidate[] {
  return suppress(candidates, limits)
    .map((candidate) => ({ ...candidate, box: clip(candidate.box, width, height) }))
    .filter(({ box }) => Math.min(box.x2 - box.x1, box.y2 - box.y1) >= Math.max(1, minFaceSize))
    .slice(0, MAX_FACES)
    .sort((a, b) => area(b.box) - area(a.box))
    .slice(0, maxFaces);
}
