/** Pixels → network input in one pass: an affine sampling of an image that writes normalised planes into a tensor. */
import type { Affine } from './affine.js';
import type { Image } from './image.js';
import { reduce } from './reduce.js';

/** Which planes are written, in which order. Grey is ITU-R BT.601 luma. */
export type ChannelOrder = 'RGB' | 'BGR' | 'grey';

/** How 0…255 becomes a network's input: (value − mean) / std, per plane. */
export interface Normalisation {
  readonly order: ChannelOrder;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The planes to fill: `width` × `height` each, one after the other from `offset` on. */
export interface WarpTarget {
  readonly data: Float32Array;
  readonly offset: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Fills the target with `image` seen through `map` (target pixel ↦ image pixel), bilinear, black outside the image.
 * A map that shrinks by two or more first averages whole blocks of pixels, so that nothing is skipped.
 */
export function warp(image: Image, map: Affine, target: WarpTarget, normalisation: Normalisation): void {
  const { image: source, map: sourceMap } = reduce(image, map, target.width, target.height);
  sample(source, sourceMap, target, normalisation);
}

/** As `warp`, but always point sampling: what a network sees that was trained on such crops. */
export function sample(image: Image, map: Affine, target: WarpTarget, normalisation: Normalisation): void {
  const { width, height, data } = image;
  const { data: out, offset, width: columns, height: rows } = target;
  const plane = columns * rows;
  const grey = normalisation.order === 'grey';
  const [red, blue] = normalisation.order === 'BGR' ? [2, 0] : [0, 2];
  const [scale0, scale1, scale2] = normalisation.std.map((std) => 1 / std);
  const [mean0, mean1, mean2] = normalisation.mean;
  const [s0, s1, s2] = [scale0 ?? 1, scale1 ?? 1, scale2 ?? 1];
  const [b0, b1, b2] = [-(mean0 ?? 0) * s0, -(mean1 ?? 0) * s1, -(mean2 ?? 0) * s2];
  const stride = width * 3;
  const { a, b, c, d, e, f } = map;

  for (let y = 0, at = offset; y < rows; y++) {
    for (let x = 0; x < columns; x++, at++) {
      const sourceX = a * x + b * y + c;
      const sourceY = d * x + e * y + f;
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const wx = sourceX - left;
      const wy = sourceY - top;
      let r = 0;
      let g = 0;
      let bl = 0;
      if (left >= 0 && top >= 0 && left < width - 1 && top < height - 1) {
        const p = top * stride + left * 3;
        const q = p + stride;
        const w11 = wx * wy;
        const w10 = wy - w11;
        const w01 = wx - w11;
        const w00 = 1 - wx - w10;
        r = data[p] * w00 + data[p + 3] * w01 + data[q] * w10 + data[q + 3] * w11;
        g = data[p + 1] * w00 + data[p + 4] * w01 + data[q + 1] * w10 + data[q + 4] * w11;
        bl = data[p + 2] * w00 + data[p + 5] * w01 + data[q + 2] * w10 + data[q + 5] * w11;
      } else if (sourceX >= -0.5 && sourceY >= -0.5 && sourceX <= width - 0.5 && sourceY <= height - 0.5) {
        // The outer half of a border pixel has no neighbour on that side: the border pixel stands in for it.
        for (let corner = 0; corner < 4; corner++) {
          const column = Math.min(Math.max(left + (corner & 1), 0), width - 1);
          const line = Math.min(Math.max(top + (corner >> 1), 0), height - 1);
          const weight = (corner & 1 ? wx : 1 - wx) * (corner >> 1 ? wy : 1 - wy);
          const p = line * stride + column * 3;
          r += data[p] * weight;
          g += data[p + 1] * weight;
          bl += data[p + 2] * weight;
        }
      }
      if (grey) {
        out[at] = (0.299 * r + 0.587 * g + 0.114 * bl) * s0 + b0;
      } else {
        out[at] = (red === 0 ? r : bl) * s0 + b0;
        out[at + plane] = g * s1 + b1;
        out[at + plane + plane] = (blue === 2 ? bl : r) * s2 + b2;
      }
    }
  }
}
