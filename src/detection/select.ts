/** Candidates → faces of one picture: suppression, the minimum size, and the order. */
import { area, clip } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import { suppress, type SuppressionLimits } from '../vision/nms.js';
import type { Candidate } from './face.js';

/**
 * The most faces of one picture; those with the best scores are kept. Each costs time in every later model, and a
 * caller who asks for a score near 0 would get hundreds of boxes that are not faces.
 */
export const MAX_FACES = 1000;

/** The most boxes that are compared with others. It bounds the time that a picture full of faces takes. */
const MAX_COMPARED = 5 * MAX_FACES;

/**
 * The faces of a picture, largest first, their boxes clipped to it; at most `MAX_FACES`.
 * @param minFaceSize the shortest length of a box's shorter side, in pixels of the picture
 */
export function select<C extends Candidate>(
  candidates: readonly C[],
  { width, height }: Pick<Image, 'width' | 'height'>,
  limits: SuppressionLimits,
  minFaceSize = 0,
): C[] {
  return suppress(candidates, limits, MAX_COMPARED)
    .map((candidate) => ({ ...candidate, box: clip(candidate.box, width, height) }))
    .filter(({ box }) => Math.min(box.x2 - box.x1, box.y2 - box.y1) >= Math.max(1, minFaceSize))
    .slice(0, MAX_FACES)
    .sort((a, b) => area(b.box) - area(a.box));
}
