/**
 * The crop of a face that every training of attributes starts from: aligned like the service's crop, with more of the
 * head around it and in finer detail, so that it can be shifted, turned and scaled.
 */
import { type Affine, apply, compose, invert, type Point } from '../../src/vision/affine.js';
import { alignmentMap } from '../../src/vision/alignment.js';
import type { Image } from '../../src/vision/image.js';
import { warp } from '../../src/vision/warp.js';

/** Pixels of the crop's side. */
export const SIDE = 192;
/** The square of the alignment template that the crop shows, in the template's pixels. */
const TEMPLATE_SQUARE = { left: -14, top: -4, side: 140 };

/** 192×192 RGB, 8 bit, row by row. */
export function wideCrop(image: Image, keypoints: readonly Point[]): Uint8Array {
  const planes = new Float32Array(3 * SIDE * SIDE);
  const target = { data: planes, offset: 0, width: SIDE, height: SIDE };
  warp(image, cropMap(keypoints), target, { order: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] });
  const size = SIDE * SIDE;
  return Uint8Array.from({ length: 3 * size }, (_, i) =>
    Math.round(planes[(i % 3) * size + Math.floor(i / 3)]),
  );
}

/** Points of the picture in pixels of the crop: x and y by turns. */
export function inCrop(points: readonly Point[], keypoints: readonly Point[]): Float32Array {
  const map = invert(cropMap(keypoints));
  return Float32Array.from(points.map((point) => apply(map, point)).flatMap(({ x, y }) => [x, y]));
}

/** From pixels of the crop to pixels of the picture. */
function cropMap(keypoints: readonly Point[]): Affine {
  const { left, top, side } = TEMPLATE_SQUARE;
  const step = side / SIDE;
  // Pixel centres lie at half coordinates on both sides.
  const shift = step / 2 - 0.5;
  return compose({ a: step, b: 0, c: left + shift, d: 0, e: step, f: top + shift }, alignmentMap(keypoints));
}
