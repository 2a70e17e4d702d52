/** Where the colours of a sampled picture go: the float planes of a network's input. */
import { kernelMemory } from '../kernels.js';

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

/** Normalisation as value · scale + shift, and the plane each of red, green and blue goes to. */
export interface Planes {
  readonly plane: readonly [red: number, green: number, blue: number];
  readonly scale: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

/** Grey is mixed from colours as they are. */
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

/** Size of the table that tells the kernels of the planes. */
export const PLANES_BYTES = 36;

/** Writes that table. */
export function writePlanes({ plane, scale, shift }: Planes, address: number): void {
  const { integers, floats } = kernelMemory();
  for (let colour = 0, at = address / 4; colour < 3; colour++, at += 3) {
    integers[at] = plane[colour];
    floats[at + 1] = scale[colour];
    floats[at + 2] = shift[colour];
  }
}

/** How many columns the kernels write for a target: four at a time. */
export function columnsFor({ width }: WarpTarget): number {
  return Math.ceil(width / 4) * 4;
}

/** Makes rows of the target black, from `first` up to `end`. */
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
 * Takes rows of the three planes out of the kernels' memory.
 * @param address of the first plane
 * @param stride of a row there, in floats
 * @param first row of the target
 * @param rows there
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
