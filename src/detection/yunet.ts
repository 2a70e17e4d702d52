/**
 * The detector family YuNet (libfacedetection; https://github.com/opencv/opencv_zoo, MIT): on strides 8, 16 and 32 it
 * has one anchor per cell with a class score, an objectness, a box and five keypoints. Decoded as in OpenCV's
 * FaceDetectorYN.
 */
import type { Signature } from '../sessions/signature.js';
import type { Image } from '../vision/image.js';
import type { Tensor } from '../vision/tensor.js';
import type { Normalisation } from '../vision/kernels/host/planes.js';
import type { Candidate } from './face.js';
import { drawLetterbox, fitLetterbox, type Letterbox } from './letterbox.js';

const STRIDES = [8, 16, 32] as const;
/** The outputs of each stride, with the floats per anchor. */
const PARTS = { cls: 1, obj: 1, bbox: 4, kps: 10 } as const;

/** Input and outputs of the graph; A is the number of anchors. */
export const SIGNATURE: Signature = {
  input: ['N', 3, 'H', 'W'],
  outputs: Object.fromEntries(
    Object.entries(PARTS).flatMap(([part, numbers]) =>
      STRIDES.map((stride) => [`${part}_${stride}`, ['N', 'A', numbers]]),
    ),
  ),
};

const KEYPOINTS = 5;
const GRID = 32;
const NORMALISATION: Normalisation = { order: 'BGR', mean: [0, 0, 0], std: [1, 1, 1] };

/** It always finds keypoints. */
export function hasKeypoints(): boolean {
  return true;
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
 * The candidates of one picture with a score of at least `minScore`, in pixels of the picture, before suppression. The
 * score is the geometric mean of class score and objectness. Centres and keypoints are offsets from the cell's corner.
 * @param outputs of one picture: the class scores of every stride, then the objectness, the boxes, the keypoints
 */
export function postprocess(
  outputs: readonly Float32Array[],
  { width, innerWidth, innerHeight }: Letterbox,
  image: Image,
  minScore: number,
): Candidate[] {
  const scaleX = image.width / innerWidth;
  const scaleY = image.height / innerHeight;
  return STRIDES.flatMap((stride, level) => {
    const [scores, objectness, boxes, points] = [0, 1, 2, 3].map(
      (part) => outputs[part * STRIDES.length + level],
    );
    const columns = width / stride;
    const found: Candidate[] = [];
    for (const [anchor, cls] of scores.entries()) {
      const score = Math.sqrt(clamp(cls) * clamp(objectness[anchor]));
      if (score < minScore) continue;
      const column = anchor % columns;
      const row = (anchor - column) / columns;
      const toX = (offset: number): number => (column + offset) * stride * scaleX;
      const toY = (offset: number): number => (row + offset) * stride * scaleY;
      const at = 4 * anchor;
      const halfWidth = Math.exp(boxes[at + 2]) / 2;
      const halfHeight = Math.exp(boxes[at + 3]) / 2;
      const keypoints = Array.from({ length: KEYPOINTS }, (_, index) => {
        const from = 2 * (anchor * KEYPOINTS + index);
        return { x: toX(points[from]), y: toY(points[from + 1]) };
      });
      const box = {
        x1: toX(boxes[at] - halfWidth),
        y1: toY(boxes[at + 1] - halfHeight),
        x2: toX(boxes[at] + halfWidth),
        y2: toY(boxes[at + 1] + halfHeight),
      };
      found.push({ box, score, keypoints });
    }
    return found;
  });
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
