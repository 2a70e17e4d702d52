/**
 * The upright square crop that InsightFace's landmark and attribute models take (`face_align.transform` with rotation
 * 0): about the centre of the face's box, 1.5 times its longer side, black outside the picture.
 */
import type { Affine } from './affine.js';
import type { Box } from './box.js';
import type { Image } from './image.js';
import type { Tensor } from './tensor.js';
import { sample } from './warp.js';

/** Side of the crop, as a multiple of the box's longer side. */
const MARGIN = 1.5;

/**
 * The map from pixels of the crop to pixels of the picture.
 * @param side of the crop, in pixels
 */
export function centredCropMap({ x1, y1, x2, y2 }: Box, side: number): Affine {
  const step = (Math.max(x2 - x1, y2 - y1) * MARGIN) / side;
  // The middle of the crop, pixel side / 2, shows the middle of the box.
  const c = (x1 + x2) / 2 - (step * side) / 2;
  const f = (y1 + y2) / 2 - (step * side) / 2;
  return { a: step, b: 0, c, d: 0, e: step, f };
}

/** How the crop's values 0…255 are scaled: (value − mean) / std. */
export interface CropScaling {
  readonly mean: number;
  readonly std: number;
}

/** The published graphs begin with a subtraction and a multiplication of their own. */
const UNSCALED: CropScaling = { mean: 0, std: 1 };

/**
 * Draws the crop that `map` shows into a batch, 3×side×side floats in RGB order.
 * @param offset index of the crop's first float in `batch.data`
 */
export function drawCentredCrop(
  image: Image,
  map: Affine,
  side: number,
  { data }: Tensor,
  offset: number,
  { mean, std }: CropScaling = UNSCALED,
): void {
  const normalisation = { order: 'RGB', mean: [mean, mean, mean], std: [std, std, std] } as const;
  // Point sampling, as for the crops that these models were trained on.
  sample(image, map, { data, offset, width: side, height: side }, normalisation);
}
