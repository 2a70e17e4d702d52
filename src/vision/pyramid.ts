/** A picture at a half, a quarter, … of its size, each computed once. */
import type { Image } from './image.js';
import { halve } from './kernels/host/reduce.js';

/** The half of each picture, kept as long as the picture itself. */
const halves = new WeakMap<Image, Image>();

/** A picture reduced by a power of two: what lies at x in the original lies at x / factor in it. */
export interface Level {
  readonly image: Image;
  readonly factor: number;
}

/**
 * The smallest of the picture, its half, its quarter, … that is at least as large as a target of `width` × `height`.
 * Sampling from it skips no pixels, and targets of several sizes share the work: most of a large picture's pixels are
 * read once.
 */
export function justLargeEnough(picture: Image, width: number, height: number): Level {
  let [image, factor] = [picture, 1];
  for (; image.width >= 2 * width && image.height >= 2 * height; factor *= 2) image = half(image);
  return { image, factor };
}

/** The picture, its half, its quarter, … as long as the longer side has more than `side` pixels; the largest first. */
export function* levelsAbove(picture: Image, side: number): Generator<Level> {
  let [image, factor] = [picture, 1];
  for (; Math.max(image.width, image.height) > side; factor *= 2) {
    yield { image, factor };
    image = half(image);
  }
}

function half(image: Image): Image {
  const known = halves.get(image);
  if (known !== undefined) return known;
  const made = halve(image, 0, 0, Math.ceil(image.width / 2), Math.ceil(image.height / 2));
  halves.set(image, made);
  return made;
}
