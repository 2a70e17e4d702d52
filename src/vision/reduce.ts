/** Shrinking by whole factors: each pixel becomes the mean of a block, so that a later sampling cannot alias. */
import { type Affine, apply } from './affine.js';
import type { Image } from './image.js';

/** An image, and the map from target pixels to its pixels. */
export interface Reduced {
  readonly image: Image;
  readonly map: Affine;
}

/**
 * Prepares `image` for being sampled through `map` by a `width` × `height` target: the part in sight, averaged in
 * blocks of the largest whole factor the map shrinks by. Returns the image as it is when the map shrinks by less than 2.
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
  // Block i covers pixels left + i·factor …, whose centre is (factor − 1) / 2 further on.
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

/** First pixel of the first block in sight; one block of margin feeds the bilinear sampling at the border. */
function start(positions: number[], factor: number, length: number): number {
  const first = Math.floor(Math.min(...positions)) - factor;
  return Math.min(Math.max(0, first), Math.max(0, length - factor));
}

function blocks(positions: number[], first: number, factor: number, length: number): number {
  const last = Math.min(length, Math.ceil(Math.max(...positions)) + 1 + factor);
  return Math.max(1, Math.ceil((last - first) / factor));
}

/** Blocks that stick out over the right or lower edge average the pixels they have. */
function averageBlocks(
  image: Image,
  left: number,
  top: number,
  columns: number,
  rows: number,
  factor: number,
): Image {
  const { width, height, data } = image;
  const out = new Uint8Array(columns * rows * 3);
  const sums = new Uint32Array(columns * 3);
  const whole = Math.min(columns, Math.floor((width - left) / factor));
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    const firstLine = top + row * factor;
    const lastLine = Math.min(height, firstLine + factor);
    for (let line = firstLine; line < lastLine; line++) {
      const start = (line * width + left) * 3;
      addRuns(data, start, sums, whole, factor);
      if (whole < columns)
        addRuns(data, start + whole * factor * 3, sums.subarray(whole * 3), 1, width - left - whole * factor);
    }
    const lines = lastLine - firstLine;
    const scale = 1 / (lines * factor);
    const base = row * columns * 3;
    for (let i = 0; i < whole * 3; i++) out[base + i] = sums[i] * scale + 0.5;
    const lastScale = 1 / (lines * (width - left - whole * factor));
    for (let i = whole * 3; i < columns * 3; i++) out[base + i] = sums[i] * lastScale + 0.5;
  }
  return { width: columns, height: rows, data: out };
}

/** Adds `count` runs of `length` pixels to their sums. */
function addRuns(data: Uint8Array, start: number, sums: Uint32Array, count: number, length: number): void {
  for (let run = 0, s = 0, p = start; run < count; run++, s += 3) {
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let i = 0; i < length; i++, p += 3) {
      red += data[p];
      green += data[p + 1];
      blue += data[p + 2];
    }
    sums[s] += red;
    sums[s + 1] += green;
    sums[s + 2] += blue;
  }
}

/**
 * As `averageBlocks` with blocks of 2×2, by far the most frequent ones. Blocks that stick out over the right or lower edge
 * average the pixels they have.
 */
export function halve(
  { width, height, data }: Image,
  left: number,
  top: number,
  columns: number,
  rows: number,
): Image {
  const out = new Uint8Array(columns * rows * 3);
  const whole = Math.min(columns, (width - left) >> 1);
  let o = 0;
  for (let row = 0; row < rows; row++) {
    const line = top + row * 2;
    let p = (line * width + left) * 3;
    let q = line + 1 < height ? p + width * 3 : p;
    for (let column = 0; column < whole; column++, p += 6, q += 6, o += 3) {
      out[o] = (data[p] + data[p + 3] + data[q] + data[q + 3] + 2) >> 2;
      out[o + 1] = (data[p + 1] + data[p + 4] + data[q + 1] + data[q + 4] + 2) >> 2;
      out[o + 2] = (data[p + 2] + data[p + 5] + data[q + 2] + data[q + 5] + 2) >> 2;
    }
    if (whole < columns) {
      for (let colour = 0; colour < 3; colour++, o++) out[o] = (data[p + colour] + data[q + colour] + 1) >> 1;
    }
  }
  return { width: columns, height: rows, data: out };
}
