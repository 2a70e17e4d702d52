/** Draws a picture into a detector's input: in its own proportions, at the top left, the rest black. */
import { boxToPicture } from '../vision/affine.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';
import { justLargeEnough } from '../vision/pyramid.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import { warp } from '../vision/warp.js';

/** The size of an input and of the part that the picture covers, in input pixels. */
export interface Letterbox {
  /** Size of the input. */
  readonly width: number;
  readonly height: number;
  /** Size of the part the picture covers. */
  readonly innerWidth: number;
  readonly innerHeight: number;
}

/**
 * The smallest input in which the picture's longer side is `size` pixels long.
 * @param size in input pixels
 * @param grid both sides of the input are multiples of it
 * @param minSide the shortest side an input may have
 */
export function fitLetterbox(image: Image, size: number, grid: number, minSide: number): Letterbox {
  const scale = size / Math.max(image.width, image.height);
  const innerWidth = Math.max(1, Math.round(image.width * scale));
  const innerHeight = Math.max(1, Math.round(image.height * scale));
  const fit = (length: number): number => Math.max(minSide, Math.ceil(length / grid) * grid);
  return { width: fit(innerWidth), height: fit(innerHeight), innerWidth, innerHeight };
}

/**
 * Draws one picture into a batch, N×3×height×width floats.
 * @param offset index of the picture's first float in `batch.data`
 */
export function drawLetterbox(
  image: Image,
  { innerWidth, innerHeight, width, height }: Letterbox,
  batch: Tensor,
  offset: number,
  normalisation: Normalisation,
): void {
  const level = justLargeEnough(image, innerWidth, innerHeight);
  const whole = { x1: 0, y1: 0, x2: image.width / level.factor, y2: image.height / level.factor };
  const map = boxToPicture(whole, innerWidth, innerHeight);
  warp(level.image, map, { data: batch.data, offset, width, height }, normalisation);
}
