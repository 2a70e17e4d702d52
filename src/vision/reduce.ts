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
    image: averageBlocks(image, left, top, columns, rows, factor),
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
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    const firstLine = top + row * factor;
    const lastLine = Math.min(height, firstLine + factor);
    for (let line = firstLine; line < lastLine; line++) {
      let p = (line * width + left) * 3;
      for (let column = 0, s = 0; column < columns; column++, s += 3) {
        const firstPixel = left + column * factor;
        const count = Math.min(factor, width - firstPixel);
        let r = 0;
        let g = 0;
        let b = 0;
        for (let i = 0; i < count; i++, p += 3) {
          r += data[p];
          g += data[p + 1];
          b += data[p + 2];
        }
        sums[s] += r;
        sums[s + 1] += g;
        sums[s + 2] += b;
      }
    }
    const lines = lastLine - firstLine;
    for (let column = 0, s = 0, o = row * columns * 3; column < columns; column++, s += 3, o += 3) {
      const scale = 1 / (lines * Math.min(factor, width - left - column * factor));
      out[o] = sums[s] * scale + 0.5;
      out[o + 1] = sums[s + 1] * scale + 0.5;
      out[o + 2] = sums[s + 2] * scale + 0.5;
    }
  }
  return { width: columns, height: rows, data: out };
}
