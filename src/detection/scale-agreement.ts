/**
 * Agreement between the scales that a picture was searched at. A face is found at every scale that shows it clearly.
 * The folds of a shirt resemble a face at one scale only, and of a face that is too large for an input the detector
 * boxes a part.
 */
import type { ScaleAgreement } from '../packs/detector-model.js';
import { type Box, iou } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import type { Candidate } from './face.js';

/** A candidate, and the length in pixels of the picture's longer side in the input it was found in. */
export interface SizedCandidate extends Candidate {
  readonly size: number;
}

/** The candidates of one picture, before suppression. */
export interface Searched {
  readonly image: Pick<Image, 'width' | 'height'>;
  /** The sizes that it was searched at. */
  readonly sizes: readonly number[];
  readonly found: readonly SizedCandidate[];
}

/** Whether a box is too large for the input it was found in; a smaller input shows the face better. */
export function isTooLarge(
  { box, size }: SizedCandidate,
  image: Searched['image'],
  { maxClearPixels }: ScaleAgreement,
): boolean {
  return lengthAt(size, box, image) > maxClearPixels;
}

/**
 * Whether a candidate is contradicted: another scale would show a face of this size clearly and found nothing there.
 * @param minIou intersection over union above which two boxes are the same
 */
export function isContradicted(
  { score, box, size }: SizedCandidate,
  { image, sizes, found }: Searched,
  { minScoreAlone, minSupportScore, minClearPixels, maxClearPixels }: ScaleAgreement,
  minIou: number,
): boolean {
  if (score >= minScoreAlone) return false;
  const lengths = sizes.filter((other) => other !== size).map((other) => lengthAt(other, box, image));
  if (!lengths.some((length) => length >= minClearPixels && length <= maxClearPixels)) return false;
  return !found.some(
    (other) => other.size !== size && other.score >= minSupportScore && iou(other.box, box) > minIou,
  );
}

/** Length of a box's longer side in the input of a size, in input pixels. */
function lengthAt(size: number, { x1, y1, x2, y2 }: Box, { width, height }: Searched['image']): number {
  return (Math.max(x2 - x1, y2 - y1) * size) / Math.max(width, height);
}
