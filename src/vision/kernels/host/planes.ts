/** The float planes of a network's input, which a sampled picture is written to. */
import { kernelMemory } from '../kernels.js';

/** The planes and their order. Grey is ITU-R BT.601 luma. */
export type ChannelOrder = 'RGB' | 'BGR' | 'grey';

/** How pixel values 0…255 become a network's input: (value − mean) / std, per plane. */
export interface Normalisation {
  readonly order: ChannelOrder;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The planes to fill: `width` × `height` floats each, one after the other from index `offset` of `data` on. */
export interface WarpTarget {
  readonly data: Float32Array;
  readonly offset: number;
  readonly width: number;
  readonly height: number;
}

/** Normalisation as value · scale + shift, and the planes of red, green and blue. */
export interface Planes {
  readonly plane: readonly [red: number, green: number, blue: number];
  readonly scale: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

/** Grey is computed later, from colours that are not normalised. */
export function planesOf({ order, mean, std }: Normalisation): Planes {
  if (order === 'grey') return { plane: [0, 1, 2], scale: [1, 1, 1], shift: [0, 0, 0] };
  const plane: Planes['plane'] = order === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  const [red, green, blue] = plane;
  return {
    plane,
    scale: [1 / std[red], 1 / std[green], 1 / std[blue]],
    shift: [-mean[red] / std[red], -mean[green] / std[green], -mean[blue] / std[blue]],
  };
}

/** Size of the kernels' table of the planes, in bytes. */
export const PLANES_BYTES = 36;

/** Writes the kernels' table of the planes: for each colour its plane, scale and shift. */
export function writePlanes({ plane, scale, shift }: Planes, address: number): void {
  const { integers, floats } = kernelMemory();
  for (let colour = 0, at = address / 4; colour < 3; colour++, at += 3) {
    integers[at] = plane[colour];
    floats[at + 1] = scale[colour];
    floats[at + 2] = shift[colour];
  }
}

/** The number of columns that the kernels write for a target: a multiple of four. */
export function columnsFor({ width }: WarpTarget): number {
  return Math.ceil(width / 4) * 4;
}

/** Makes the rows of the target from `first` to before `end` black. */
export function blacken(
  { data, offset, width, height }: WarpTarget,
  { plane, shift }: Planes,
  first = 0,
  end = height,
): void {
  for (let colour = 0; colour < 3; colour++) {
    const start = offset + plane[colour] * width * height;
    data.fill(shift[colour], start + first * width, start + end * width);
  }
}

/**
 * Copies rows of the three planes from the kernels' memory into the target.
 * @param address of the first plane
 * @param stride of a row there, in floats
 * @param first row of the target
 * @param rows how many
 */
export function takeRows(
  { data, offset, width, height }: WarpTarget,
  address: number,
  stride: number,
  first: number,
  rows: number,
): void {
  const { floats } = kernelMemory();
  for (let plane = 0; plane < 3; plane++) {
    const from = address / 4 + plane * rows * stride;
    const to = offset + (plane * height + first) * width;
    if (stride === width) {
      data.set(floats.subarray(from, from + rows * width), to);
      continue;
    }
    for (let row = 0; row < rows; row++) {
      data.set(floats.subarray(from + row * stride, from + row * stride + width), to + row * width);
    }
  }
}
