/** The pose-normalised crop that recognition and attribute models look at (InsightFace `norm_crop`, "arcface_dst"). */
import { type Affine, invert, type Point, similarityTransform } from './affine.js';

/** Side of the crop the template is written for, in pixels. */
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
  return invert(similarityTransform(keypoints, template));
}
