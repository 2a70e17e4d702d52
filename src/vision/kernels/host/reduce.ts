/** Reduction by integer factors: each pixel becomes the mean of a block, so that later sampling does not alias. */
import { type Affine, apply } from '../../affine.js';
import type { Image } from '../../image.js';
import { kernelMemory, kernels, layOut } from '../kernels.js';
import { bringLines, bytesOf, strideOf } from '../../lines.js';

/** An image, and the map from target pixels to its pixels. */
export interface Reduced {
  readonly image: Image;
  readonly map: Affine;
}

/**
 * Prepares `image` for sampling through `map` into a `width` × `height` target: the visible part, averaged in blocks of
 * the largest integer factor that the map reduces by. Returns the image itself where the map reduces by less than 2.
 */
export function reduce(image: Image, map: Affine, width: number, height: number): Reduced {
  const factor = Math.floor(Math.sqrt(Math.abs(map.a * map.e - map.b * map.d)));
  if (factor < 2) return { image, map };

  const corners = [
    apply(map, { x: 0, y: 0 }),
    apply(map, { x: width - 1, y: 0 }),
    apply(map, { x: 0, y: height - 1 }),
    apply(map, { x: width - 1, y: height - 1 }),
  ];
  const left = start(
    corners.map(({ x }) => x),
    factor,
    image.width,
  );
  const top = start(
    corners.map(({ y }) => y),
    factor,
    image.height,
  );
  const columns = blocks(
    corners.map(({ x }) => x),
    left,
    factor,
    image.width,
  );
  const rows = blocks(
    corners.map(({ y }) => y),
    top,
    factor,
    image.height,
  );
  // Block i covers pixels left + i·factor …, whose centre lies (factor − 1) / 2 further.
  const shift = (factor - 1) / 2;
  return {
    image:
      factor === 2
        ? halve(image, left, top, columns, rows)
        : averageBlocks(image, left, top, columns, rows, factor),
    map: {
      a: map.a / factor,
      b: map.b / factor,
      c: (map.c - left - shift) / factor,
      d: map.d / factor,
      e: map.e / factor,
      f: (map.f - top - shift) / factor,
    },
  };
}

/** First pixel of the first visible block, with a margin of one block for the bilinear sampling at the border. */
function start(positions: number[], factor: number, length: number): number {
  const first = Math.floor(Math.min(...positions)) - factor;
  return Math.min(Math.max(0, first), Math.max(0, length - factor));
}

function blocks(positions: number[], first: number, factor: number, length: number): number {
  const last = Math.min(length, Math.ceil(Math.max(...positions)) + 1 + factor);
  return Math.max(1, Math.ceil((last - first) / factor));
}

/** Blocks that extend beyond the right or lower edge average the pixels they have. */
function averageBlocks(
  image: Image,
  left: number,
  top: number,
  columns: number,
  rows: number,
  factor: number,
): Image {
  const out = new Uint8Array(columns * rows * 3);
  const whole = Math.min(columns, Math.floor((image.width - left) / factor));
  const rest = whole < columns ? image.width - left - whole * factor : 0;
  const width = whole * factor + rest;
  const stride = strideOf(image, width);
  // A picture may have fewer lines than a block: one of 65,535 × 1 pixels is averaged over more than a hundred columns.
  const most = Math.min(factor, image.height - top);
  const [room, line, target] = layOut(bytesOf(most, stride), stride * 4, columns * 3);
  const { bytes } = kernelMemory();
  for (let row = 0; row < rows; row++) {
    const first = top + row * factor;
    const lines = Math.min(image.height - first, factor);
    const source = bringLines(image, left, first, width, lines, stride, room);
    kernels.average(source, stride, lines, line, target, factor, whole, rest);
    out.set(bytes.subarray(target, target + columns * 3), row * columns * 3);
  }
  return { width: columns, height: rows, data: out };
}

/** Source bytes that are processed together: few enough for a core's cache. */
const STRIP_BYTES = 128 * 1024;

/**
 * As `averageBlocks` for blocks of 2×2, by far the most frequent ones.
 */
export function halve(image: Image, left: number, top: number, columns: number, rows: number): Image {
  const out = new Uint8Array(columns * rows * 3);
  const whole = Math.min(columns, (image.width - left) >> 1);
  const width = Math.min(columns * 2, image.width - left);
  const stride = strideOf(image, width);
  const stripRows = Math.min(rows, Math.max(1, Math.floor(STRIP_BYTES / (2 * stride))));
  const [room, target] = layOut(bytesOf(2 * stripRows, stride), stripRows * columns * 3);
  const { bytes } = kernelMemory();
  for (let first = 0; first < rows; first += stripRows) {
    const count = Math.min(stripRows, rows - first);
    const source = bringLines(image, left, top + 2 * first, width, 2 * count, stride, room);
    kernels.halve(source, stride, target, columns, whole, count);
    out.set(bytes.subarray(target, target + count * columns * 3), first * columns * 3);
  }
  return { width: columns, height: rows, data: out };
}
