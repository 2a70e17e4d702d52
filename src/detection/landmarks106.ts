/**
 * The landmark family 2d106det of InsightFace (`landmark.py`): 106 points in that model's own order, the scheme
 * `insightface-2d106`; other 106-point schemes use other numbers. Its input is a centred crop, 192×192, RGB.
 */
import type { LandmarksModel } from '../packs/landmarks-model.js';
import type { Signature } from '../sessions/signature.js';
import { type Affine, apply, type Point } from '../vision/affine.js';
import type { Box } from '../vision/box.js';
import { centredCropMap, drawCentredCrop } from '../vision/centred-crop.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';

const SIDE = 192;
/** Shape of the input of one face. */
export const SHAPE = [3, SIDE, SIDE] as const;

/** Input and output of the graph. */
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: [['N', 212]] };

/** The map from pixels of the crop to pixels of the picture. */
export function cropMap(box: Box): Affine {
  return centredCropMap(box, SIDE);
}

/** Draws the crop of one face into a batch, 3×192×192 floats from index `offset` on. */
export function preprocess(
  image: Image,
  map: Affine,
  batch: Tensor,
  offset: number,
  { scaling }: Pick<LandmarksModel, 'scaling'>,
): void {
  drawCentredCrop(image, map, SIDE, batch, offset, scaling);
}

/**
 * The points in pixels of the picture.
 * @param output 212 floats: x, y of each point, −1…1 across the crop
 */
export function postprocess(output: Float32Array, box: Box): Point[] {
  const map = cropMap(box);
  const toPixels = (value: number): number => ((value + 1) * SIDE) / 2;
  return Array.from({ length: output.length / 2 }, (_, index) =>
    apply(map, { x: toPixels(output[2 * index]), y: toPixels(output[2 * index + 1]) }),
  );
}

/** Eye centres (pupils), nose tip and mouth corners, image left first. */
export function fivePoints(landmarks: readonly Point[]): Point[] {
  return [38, 88, 86, 52, 61].map((index) => landmarks[index]);
}
