/** The aligned crop that recognition and attribute models take (InsightFace `norm_crop`, "arcface_dst"). */
import { type Affine, invert, mean, type Point, similarityTransform } from './affine.js';

/** Side of the crop that the template is for, in pixels. */
export const ALIGNED_SIDE = 112;

/** Where eye centres, nose tip and mouth corners lie in a 112×112 crop. */
const TEMPLATE: readonly Point[] = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];

/**
 * The map from pixels of the aligned crop to pixels of the picture.
 * @param keypoints eye centres, nose tip and mouth corners in the picture, image left first
 * @param side of the square crop, in pixels
 */
export function alignmentMap(keypoints: readonly Point[], side: number = ALIGNED_SIDE): Affine {
  const scale = side / ALIGNED_SIDE;
  // Fitted in the direction of the published recipe (picture → crop): the two least-squares problems differ.
  const template = TEMPLATE.map(({ x, y }) => ({ x: x * scale, y: y * scale }));
  const transform = similarityTransform(keypoints, template);
  return isInvertible(transform) ? invert(transform) : pointMap(mean(keypoints));
}

/** By how many degrees the keypoints are turned clockwise on the screen; 0 where they coincide. */
export function keypointRoll(keypoints: readonly Point[]): number {
  const { a, d } = alignmentMap(keypoints);
  return (Math.atan2(d, a) * 180) / Math.PI;
}

/** The same angle, −180…180 degrees. */
export function wrapped(degrees: number): number {
  return degrees - 360 * Math.round(degrees / 360);
}

/** No similarity transform brings points that coincide to the template. */
function isInvertible({ a, d }: Affine): boolean {
  const determinant = a * a + d * d;
  return determinant > 0 && Number.isFinite(determinant);
}

/** The map that shows one point of the picture all over the crop. */
function pointMap({ x, y }: Point): Affine {
  return { a: 0, b: 0, c: x, d: 0, e: 0, f: y };
}
