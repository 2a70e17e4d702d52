/**
 * The landmark family of 68 points in iBUG/dlib order. Its input is a 64×64 grey crop of the detector's box.
 * Points: jaw 0–16, brows 17–26, nose 27–35, eyes 36–47, mouth 48–67.
 */
import { type Affine, boxToPicture, mean, type Point } from '../vision/affine.js';
import type { Box } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import { warp } from '../vision/warp.js';

const SIDE = 64;
/** Shape of the input of one face. */
export const SHAPE = [1, SIDE, SIDE] as const;
/** Input and output of the graph. */
export const SIGNATURE = { input: ['N', ...SHAPE], outputs: { landmarks: ['N', 136] } } as const;
/** The same for a graph that has features beside the landmarks. */
export const WITH_FEATURES = {
  ...SIGNATURE,
  outputs: { ...SIGNATURE.outputs, features: ['N', 64, 4, 4] },
} as const;
const NORMALISATION: Normalisation = { order: 'grey', mean: [0], std: [256] };

/** The map from pixels of the crop to pixels of the picture: the box is stretched to a square. */
export function cropMap(box: Box): Affine {
  return boxToPicture(box, SIDE, SIDE);
}

/** Draws the crop of one face into a batch, 1×64×64 floats from index `offset` on. */
export function preprocess(image: Image, map: Affine, { data }: Tensor, offset: number): void {
  warp(image, map, { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
}

/**
 * The points in pixels of the picture.
 * @param output 136 floats: x, y of each point, 0…1 across the box
 */
export function postprocess(output: Float32Array, { x1, y1, x2, y2 }: Box): Point[] {
  const points: Point[] = [];
  for (let i = 0; i < output.length; i += 2) {
    points.push({ x: x1 + output[i] * (x2 - x1), y: y1 + output[i + 1] * (y2 - y1) });
  }
  return points;
}

/** Eye centres, nose tip and mouth corners, image left first. */
export function fivePoints(landmarks: readonly Point[]): Point[] {
  return [
    mean(landmarks.slice(36, 42)),
    mean(landmarks.slice(42, 48)),
    landmarks[30],
    landmarks[48],
    landmarks[54],
  ];
}
