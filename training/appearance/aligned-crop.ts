/**
 * The crop of a face for training: the service's aligned crop with a margin, so that it can be shifted, turned and
 * scaled.
 */
import type { Point } from '../../src/vision/affine.js';
import { ALIGNED_SIDE, alignmentMap } from '../../src/vision/alignment.js';
import type { Image } from '../../src/vision/image.js';
import { warp } from '../../src/vision/warp.js';
import type { Row } from '../../evaluation/data.js';

/** A crop with its labels. */
export interface Sample {
  readonly set: string;
  /** The name of its picture, and its labels. */
  readonly row: Row;
  /** The detector's score, 0…1. */
  readonly score: number;
  readonly crop: Uint8Array;
}

/** Pixels added to the service's crop on each side. */
const MARGIN = 16;
const SIDE = ALIGNED_SIDE + 2 * MARGIN;

/** 144×144 RGB, 8 bit, row by row. */
export function alignedCrop(image: Image, keypoints: readonly Point[]): Uint8Array {
  const map = alignmentMap(keypoints);
  const withMargin = {
    ...map,
    c: map.c - MARGIN * (map.a + map.b),
    f: map.f - MARGIN * (map.d + map.e),
  };
  const planes = new Float32Array(3 * SIDE * SIDE);
  const target = { data: planes, offset: 0, width: SIDE, height: SIDE };
  warp(image, withMargin, target, { order: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] });
  const size = SIDE * SIDE;
  return Uint8Array.from({ length: 3 * size }, (_, i) =>
    Math.round(planes[(i % 3) * size + Math.floor(i / 3)]),
  );
}
