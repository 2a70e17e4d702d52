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
  const reduced = reduce(image, map, target.width, target.height);
  sample(reduced.image, reduced.map, target, normalisation);
}

/** As `warp`, but always point sampling: for networks that were trained on such crops. */
export function sample(image: Image, map: Affine, target: WarpTarget, normalisation: Normalisation): void {
  const rgb = normalisation.order === 'grey' ? scratchPlanes(target) : target;
  if (map.b === 0 && map.d === 0) sampleUpright(image, map, rgb, affineOf(normalisation));
  else sampleTurned(image, map, rgb, affineOf(normalisation));
  if (normalisation.order === 'grey') mixGrey(rgb.data, target, normalisation);
}

/** Normalisation as value · scale + shift, and the plane each colour goes to. */
interface Planes {
  readonly plane: readonly [red: number, green: number, blue: number];
  readonly scale: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

function affineOf({ order, mean, std }: Normalisation): Planes {
  if (order === 'grey') return { plane: [0, 1, 2], scale: [1, 1, 1], shift: [0, 0, 0] };
  const plane: Planes['plane'] = order === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  const at = (colour: number): number => plane[colour];
  return {
    plane,
    scale: [1 / std[at(0)], 1 / std[at(1)], 1 / std[at(2)]],
    shift: [(0 - mean[at(0)]) / std[at(0)], (0 - mean[at(1)]) / std[at(1)], (0 - mean[at(2)]) / std[at(2)]],
  };
}

/**
 * The map neither turns nor shears, so every row meets the same columns: their neighbours and weights are worked out
 * once. Most of the service's pixels pass through here.
 */
function sampleUpright(image: Image, { a, c, e, f }: Affine, target: WarpTarget, planes: Planes): void {
  const { data: out, offset, width: columns, height: rows } = target;
  const size = columns * rows;
  const x = axis(a, c, columns, image.width);
  const y = axis(e, f, rows, image.height);
  const covered = (x.end - x.first) * (y.end - y.first);
  if (covered < size)
    planes.plane.forEach((plane, colour) =>
      out.fill(planes.shift[colour], offset + plane * size, offset + (plane + 1) * size),
    );

  const aligned = a === 1 && e === 1 && Number.isInteger(c) && Number.isInteger(f);
  const copy = aligned ? copyRow : blendRow;
  for (let row = y.first; row < y.end; row++) copy(image, target, planes, x, y, row);
}

/** One row of pixels that are taken as they are. */
function copyRow(
  { width, data }: Image,
  target: WarpTarget,
  planes: Planes,
  x: Axis,
  y: Axis,
  row: number,
): void {
  const { data: out, offset, width: columns, height: rows } = target;
  const [scaleR, scaleG, scaleB] = planes.scale;
  const [shiftR, shiftG, shiftB] = planes.shift;
  const size = columns * rows;
  const start = offset + row * columns;
  const [baseR, baseG, baseB] = [
    start + planes.plane[0] * size,
    start + planes.plane[1] * size,
    start + planes.plane[2] * size,
  ];
  let p = (y.low[row] * width + x.low[x.first]) * 3;
  for (let column = x.first, end = x.end; column < end; column++, p += 3) {
    out[baseR + column] = data[p] * scaleR + shiftR;
    out[baseG + column] = data[p + 1] * scaleG + shiftG;
    out[baseB + column] = data[p + 2] * scaleB + shiftB;
  }
}

/** One row of pixels that are each blended from four. */
function blendRow(
  { width, data }: Image,
  target: WarpTarget,
  planes: Planes,
  x: Axis,
  y: Axis,
  row: number,
): void {
  const { data: out, offset, width: columns, height: rows } = target;
  const [scaleR, scaleG, scaleB] = planes.scale;
  const [shiftR, shiftG, shiftB] = planes.shift;
  const size = columns * rows;
  const start = offset + row * columns;
  const [baseR, baseG, baseB] = [
    start + planes.plane[0] * size,
    start + planes.plane[1] * size,
    start + planes.plane[2] * size,
  ];
  const { low, high, weight } = x;
  const top = y.low[row] * width;
  const bottom = y.high[row] * width;
  const wy = y.weight[row];
  for (let column = x.first, end = x.end; column < end; column++) {
    const wx = weight[column];
    const p = (top + low[column]) * 3;
    const q = (top + high[column]) * 3;
    const s = (bottom + low[column]) * 3;
    const t = (bottom + high[column]) * 3;
    const w11 = wx * wy;
    const w10 = wy - w11;
    const w01 = wx - w11;
    const w00 = 1 - wx - w10;
    out[baseR + column] = (data[p] * w00 + data[q] * w01 + data[s] * w10 + data[t] * w11) * scaleR + shiftR;
    out[baseG + column] =
      (data[p + 1] * w00 + data[q + 1] * w01 + data[s + 1] * w10 + data[t + 1] * w11) * scaleG + shiftG;
    out[baseB + column] =
      (data[p + 2] * w00 + data[q + 2] * w01 + data[s + 2] * w10 + data[t + 2] * w11) * scaleB + shiftB;
  }
}

/** For each target position along one axis its two neighbours in the image and the weight of the second. */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
  /** Positions from `first` up to `end` see the image. */
  readonly first: number;
  readonly end: number;
}

/** A border pixel reaches half a pixel outwards; beyond there is no image. */
function axis(step: number, start: number, count: number, length: number): Axis {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const weight = new Float32Array(count);
  let first = count;
  let end = 0;
  for (let i = 0; i < count; i++) {
    const position = step * i + start;
    if (position < -0.5 || position > length - 0.5) continue;
    first = Math.min(first, i);
    end = i + 1;
    const floor = Math.floor(position);
    low[i] = Math.max(0, floor);
    high[i] = Math.min(length - 1, floor + 1);
    weight[i] = position - floor;
  }
  return { low, high, weight, first, end };
}

function sampleTurned(image: Image, map: Affine, target: WarpTarget, { plane, scale, shift }: Planes): void {
  const { width, height, data } = image;
  const { data: out, offset, width: columns, height: rows } = target;
  const size = columns * rows;
  const [planeR, planeG, planeB] = [
    offset + plane[0] * size,
    offset + plane[1] * size,
    offset + plane[2] * size,
  ];
  const [scaleR, scaleG, scaleB] = scale;
  const [shiftR, shiftG, shiftB] = shift;
  const { a, b, c, d, e, f } = map;
  const stride = width * 3;
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, at++) {
      const sourceX = a * x + b * y + c;
      const sourceY = d * x + e * y + f;
      let [red, green, blue] = [0, 0, 0];
      if (sourceX >= -0.5 && sourceY >= -0.5 && sourceX <= width - 0.5 && sourceY <= height - 0.5) {
        const left = Math.floor(sourceX);
        const top = Math.floor(sourceY);
        const wx = sourceX - left;
        const wy = sourceY - top;
        const line = Math.max(0, top) * stride;
        const nextLine = Math.min(height - 1, top + 1) * stride;
        const column = Math.max(0, left) * 3;
        const nextColumn = Math.min(width - 1, left + 1) * 3;
        const p = line + column;
        const q = line + nextColumn;
        const s = nextLine + column;
        const t = nextLine + nextColumn;
        const w11 = wx * wy;
        const w10 = wy - w11;
        const w01 = wx - w11;
        const w00 = 1 - wx - w10;
        red = data[p] * w00 + data[q] * w01 + data[s] * w10 + data[t] * w11;
        green = data[p + 1] * w00 + data[q + 1] * w01 + data[s + 1] * w10 + data[t + 1] * w11;
        blue = data[p + 2] * w00 + data[q + 2] * w01 + data[s + 2] * w10 + data[t + 2] * w11;
      }
      out[planeR + at] = red * scaleR + shiftR;
      out[planeG + at] = green * scaleG + shiftG;
      out[planeB + at] = blue * scaleB + shiftB;
    }
  }
}

/** Grey crops are small and few: they are sampled in colour, then mixed. */
function scratchPlanes({ width, height }: WarpTarget): WarpTarget {
  return { data: new Float32Array(3 * width * height), offset: 0, width, height };
}

function mixGrey(
  rgb: Float32Array,
  { data, offset, width, height }: WarpTarget,
  { mean, std }: Normalisation,
): void {
  const size = width * height;
  for (let i = 0; i < size; i++) {
    const luma = 0.299 * rgb[i] + 0.587 * rgb[i + size] + 0.114 * rgb[i + size + size];
    data[offset + i] = (luma - mean[0]) / std[0];
  }
}
