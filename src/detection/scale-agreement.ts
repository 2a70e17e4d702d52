/**
 * What the sizes of input that a picture was searched at say of each other's candidates. A face is found at every size
 * that shows it clearly; the folds of a shirt look like one at a single size, and of a face that is too large for an
 * input the detector draws a part.
 */
import type { ScaleAgreement } from '../packs/detector-model.js';
import { type Box, iou } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import type { Candidate } from './face.js';

/** A candidate and the longer side, in pixels, of the picture in the input that it was found in. */
export interface SizedCandidate extends Candidate {
  readonly size: number;
}

/** What searching a picture has found, before suppression. */
export interface Searched {
  readonly image: Pick<Image, 'width' | 'height'>;
  /** At which it was searched. */
  readonly sizes: readonly number[];
  readonly found: readonly SizedCandidate[];
}

/** Whether a box is too long for the input it was found in; a smaller one sees it better. */
export function isTooLarge(
  { box, size }: SizedCandidate,
  image: Searched['image'],
  { maxClearPixels }: ScaleAgreement,
): boolean {
  return lengthAt(size, box, image) > maxClearPixels;
}

/**
 * Whether a candidate is contradicted: another size would show a face of its length well and sees nothing there.
 * @param sameFrom intersection over union above which two boxes are the same
 */
export function isContradicted(
  { score, box, size }: SizedCandidate,
  { image, sizes, found }: Searched,
  { minScoreAlone, minSupportScore, minClearPixels, maxClearPixels }: ScaleAgreement,
  sameFrom: number,
): boolean {
  if (score >= minScoreAlone) return false;
  const lengths = sizes.filter((other) => other !== size).map((other) => lengthAt(other, box, image));
  if (!lengths.some((length) => length >= minClearPixels && length <= maxClearPixels)) return false;
  return !found.some(
    (other) => other.size !== size && other.score >= minSupportScore && iou(other.box, box) > sameFrom,
  );
}

/** Length of a box's longer side, in pixels of the input of a size. */
function lengthAt(size: number, { x1, y1, x2, y2 }: Box, { width, height }: Searched['image']): number {
  return (Math.max(x2 - x1, y2 - y1) * size) / Math.max(width, height);
}
