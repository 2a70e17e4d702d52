/**
 * The detector family Ultra-Light-Fast-Generic-Face-Detector-1MB (RFB-320), https://github.com/Linzaer: an SSD head on
 * strides 8, 16, 32 and 64. The graph's outputs are softmaxed scores N×A×2 (background, face) and raw locations N×A×4.
 */
import type { Image } from '../vision/image.js';
import type { ScoredBox } from '../vision/nms.js';
import type { Tensor } from '../vision/tensor.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import { drawLetterbox, fitLetterbox, type Letterbox } from './letterbox.js';

/**
 * The anchors of each stride. At its training size of 320×240 the last two strides do not divide the height: the
 * original spreads the rows of their centres over the picture, 30 and 60 pixels apart instead of 32 and 64, so on
 * average a centre lies 8 input pixels above the middle of its cell. The network learned that offset and keeps it at
 * every input size: without it, boxes of large faces lie 8 input pixels too low.
 */
const STRIDES: readonly { stride: number; sizes: readonly number[]; raise: number }[] = [
  { stride: 8, sizes: [10, 16, 24], raise: 0 },
  { stride: 16, sizes: [32, 48], raise: 0 },
  { stride: 32, sizes: [64, 96], raise: 8 },
  { stride: 64, sizes: [128, 192, 256], raise: 8 },
];
const CENTRE_VARIANCE = 0.1;
const SIZE_VARIANCE = 0.2;
const NORMALISATION: Normalisation = { order: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] };

/** Input and outputs of the graph; A is the number of anchors. */
export const SIGNATURE = {
  input: ['N', 3, 'H', 'W'],
  outputs: { scores: ['N', 'A', 2], locations: ['N', 'A', 4] },
} as const;

/** It never finds keypoints. */
export function hasKeypoints(): boolean {
  return false;
}

/** The network takes any size. Multiples of 16 pixels waste little, and many pictures share the same size. */
const GRID = 16;

/** The smallest input in which the picture's longer side is `size` pixels long. */
export function letterbox(image: Image, size: number): Letterbox {
  return fitLetterbox(image, size, GRID, 2 * GRID);
}

/** Draws one picture into a batch, 3×height×width floats from index `offset` on. */
export function preprocess(image: Image, box: Letterbox, batch: Tensor, offset: number): void {
  drawLetterbox(image, box, batch, offset, NORMALISATION);
}

/**
 * The candidates of one picture with a score of at least `minScore`, in pixels of the picture, before suppression.
 * @param outputs of one picture: scores A×2; locations A×4, centre and size relative to the anchor
 */
export function postprocess(
  [scores, locations]: readonly Float32Array[],
  { width, height, innerWidth, innerHeight }: Letterbox,
  image: Image,
  minScore: number,
): ScoredBox[] {
  const scaleX = image.width / innerWidth;
  const scaleY = image.height / innerHeight;
  const found: ScoredBox[] = [];
  let anchor = 0;
  for (const { stride, sizes, raise } of STRIDES) {
    const columns = Math.ceil(width / stride);
    const rows = Math.ceil(height / stride);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let kind = 0; kind < sizes.length; kind++, anchor++) {
          const score = scores[anchor * 2 + 1];
          if (score < minScore) continue;
          const size = sizes[kind];
          const at = anchor * 4;
          const x = (column + 0.5) * stride + locations[at] * CENTRE_VARIANCE * size;
          const y = (row + 0.5) * stride - raise + locations[at + 1] * CENTRE_VARIANCE * size;
          const halfWidth = (size * Math.exp(locations[at + 2] * SIZE_VARIANCE)) / 2;
          const halfHeight = (size * Math.exp(locations[at + 3] * SIZE_VARIANCE)) / 2;
          found.push({
            score,
            box: {
              x1: (x - halfWidth) * scaleX,
              y1: (y - halfHeight) * scaleY,
              x2: (x + halfWidth) * scaleX,
              y2: (y + halfHeight) * scaleY,
            },
          });
        }
      }
    }
  }
  return found;
}
