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

/** A scale that a picture was searched at. */
export interface Scale {
  /** Length of the picture's longer side in the input, in input pixels. */
  readonly size: number;
  /** The longest box that counts, in input pixels: of a longer face, an input sees only a part. */
  readonly maxPixels: number;
}

/** The candidates of one picture, before suppression. */
export interface Searched {
  readonly image: Pick<Image, 'width' | 'height'>;
  readonly scales: readonly Scale[];
  readonly found: readonly SizedCandidate[];
}

/** Whether a box is too large for the scale it was found at; a smaller input shows the face better. */
export function isTooLarge(
  { box }: Candidate,
  image: Searched['image'],
  { size, maxPixels }: Scale,
): boolean {
  return lengthAt(size, box, image) > maxPixels;
}

/**
 * Whether a candidate is contradicted: another scale would show a face of this size clearly and found nothing there.
 * @param minIou intersection over union above which two boxes are the same
 */
export function isContradicted(
  { score, box, size }: SizedCandidate,
  { image, scales, found }: Searched,
  { minScoreAlone, minSupportScore, minClearPixels, maxClearPixels }: ScaleAgreement,
  minIou: number,
): boolean {
  if (score >= minScoreAlone) return false;
  const isClear = (other: Scale): boolean => {
    const length = lengthAt(other.size, box, image);
    return length >= minClearPixels && length <= Math.min(maxClearPixels, other.maxPixels);
  };
  if (!scales.some((other) => other.size !== size && isClear(other))) return false;
  return !found.some(
    (other) => other.size !== size && other.score >= minSupportScore && iou(other.box, box) > minIou,
  );
}

/** Length of a box's longer side in the input of a size, in input pixels. */
function lengthAt(size: number, { x1, y1, x2, y2 }: Box, { width, height }: Searched['image']): number {
  return (Math.max(x2 - x1, y2 - y1) * size) / Math.max(width, height);
}
