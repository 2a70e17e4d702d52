/**
 * The detector family SCRFD (arXiv:2105.04714) as InsightFace exports it (det_500m, det_2.5g, det_10g; the recipe is
 * its `scrfd.py`). For each stride it has scores A×1 (after the sigmoid), boxes A×4 and, in most graphs, keypoints
 * A×10. The names of the outputs are numbers; their order and count say what they are.
 */
import { AppError } from '../errors.js';
import type { Signature } from '../sessions/signature.js';
import type { Point } from '../vision/affine.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import type { Candidate } from './face.js';
import { drawLetterbox, fitLetterbox, type Letterbox } from './letterbox.js';

/** Input of the graph; the number of its outputs is checked when they are read. */
export const SIGNATURE: Signature = { input: ['N', 3, 'H', 'W'], outputs: [] };

/** The anchors of a graph. */
interface Layout {
  readonly strides: readonly number[];
  readonly anchorsPerCell: number;
}

const THREE_LEVELS: Layout = { strides: [8, 16, 32], anchorsPerCell: 2 };
const FIVE_LEVELS: Layout = { strides: [8, 16, 32, 64, 128], anchorsPerCell: 1 };
/** By the number of outputs: 6 and 10 are scores and boxes of each stride, 9 and 15 have keypoints as well. */
const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [6, THREE_LEVELS],
  [9, THREE_LEVELS],
  [10, FIVE_LEVELS],
  [15, FIVE_LEVELS],
]);
const KEYPOINTS = 5;
/** The strides up to 32 must divide the input's sides; with the larger ones the last cell may extend beyond it. */
const GRID = 32;
const NORMALISATION: Normalisation = { order: 'RGB', mean: [127.5, 127.5, 127.5], std: [128, 128, 128] };

/** Graphs with three outputs for each stride find keypoints. */
export function hasKeypoints(outputs: number): boolean {
  return outputs === 3 * layoutOf(outputs).strides.length;
}

/** The smallest input in which the picture's longer side is `size` pixels long. */
export function letterbox(image: Image, size: number): Letterbox {
  return fitLetterbox(image, size, GRID, GRID);
}

/** Draws one picture into a batch, 3×height×width floats from index `offset` on. */
export function preprocess(image: Image, box: Letterbox, batch: Tensor, offset: number): void {
  drawLetterbox(image, box, batch, offset, NORMALISATION);
}

/**
 * The candidates of one picture with a score of at least `minScore`, in pixels of the picture, before suppression. An
 * anchor is the top left corner of its cell. Boxes are distances from it to the four edges and keypoints are offsets
 * from it, in units of the stride.
 * @param outputs of one picture: the scores of every stride, then the boxes, then the keypoints
 * @throws AppError `invalid_pack` when the graph has another number of outputs than this family knows
 */
export function postprocess(
  outputs: readonly Float32Array[],
  { width, height, innerWidth, innerHeight }: Letterbox,
  image: Image,
  minScore: number,
): Candidate[] {
  const { strides, anchorsPerCell } = layoutOf(outputs.length);
  const levels = strides.length;
  const scaleX = image.width / innerWidth;
  const scaleY = image.height / innerHeight;
  const found: Candidate[] = [];
  for (const [level, stride] of strides.entries()) {
    const scores = outputs[level];
    const boxes = outputs[level + levels];
    const points = outputs.at(level + 2 * levels);
    const columns = Math.ceil(width / stride);
    const anchors = columns * Math.ceil(height / stride) * anchorsPerCell;
    for (let anchor = 0; anchor < anchors; anchor++) {
      const score = scores[anchor];
      if (score < minScore) continue;
      const cell = Math.floor(anchor / anchorsPerCell);
      const column = cell % columns;
      const row = (cell - column) / columns;
      const toX = (offset: number): number => (column + offset) * stride * scaleX;
      const toY = (offset: number): number => (row + offset) * stride * scaleY;
      const at = anchor * 4;
      found.push({
        score,
        box: {
          x1: toX(-boxes[at]),
          y1: toY(-boxes[at + 1]),
          x2: toX(boxes[at + 2]),
          y2: toY(boxes[at + 3]),
        },
        ...(points && { keypoints: keypoints(points, anchor, toX, toY) }),
      });
    }
  }
  return found;
}

function keypoints(
  offsets: Float32Array,
  anchor: number,
  toX: (offset: number) => number,
  toY: (offset: number) => number,
): Point[] {
  return Array.from({ length: KEYPOINTS }, (_, index) => {
    const at = (anchor * KEYPOINTS + index) * 2;
    return { x: toX(offsets[at]), y: toY(offsets[at + 1]) };
  });
}

function layoutOf(outputs: number): Layout {
  const layout = LAYOUTS.get(outputs);
  if (layout === undefined) {
    throw new AppError(
      'invalid_pack',
      `An SCRFD detector has ${[...LAYOUTS.keys()].join(', ')} outputs; this graph has ${outputs}.`,
    );
  }
  return layout;
}
