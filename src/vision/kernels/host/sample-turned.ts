/** Sampling through any affine map, as for crops that are turned with a tilted head. */
import { type Affine, apply } from '../../affine.js';
import type { Image } from '../../image.js';
import { kernels, layOut } from '../kernels.js';
import { bringLines, bytesOf, strideOf } from '../../lines.js';
import {
  blacken,
  columnsFor,
  type Planes,
  PLANES_BYTES,
  takeRows,
  type WarpTarget,
  writePlanes,
} from './planes.js';

/** A map that spans more bytes than this skips most of them: copying them would cost more than it saves. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Fills the target, bilinear, black outside the image. */
export function sampleTurned(image: Image, map: Affine, target: WarpTarget, planes: Planes): void {
  const columns = columnsFor(target);
  const part = visiblePart(image, map, columns, target.height);
  if (part.width <= 0 || part.height <= 0) return blacken(target, planes);
  const stride = strideOf(image, part.width);
  if (stride * part.height > MAX_BYTES) return sampleSparsely(image, map, target, planes);

  const [room, planeTable, out] = layOut(
    bytesOf(part.height, stride),
    PLANES_BYTES,
    3 * columns * target.height * 4,
  );
  const source = bringLines(image, part.left, part.top, part.width, part.height, stride, room);
  writePlanes(planes, planeTable);
  const { a, b, c, d, e, f } = map;
  kernels.turn(
    source,
    stride,
    part.left,
    part.top,
    image.width,
    image.height,
    columns,
    target.height,
    out,
    planeTable,
    a,
    b,
    c,
    d,
    e,
    f,
  );
  takeRows(target, out, columns, 0, target.height);
}

/**
 * The part of the image that a target of `width` × `height` shows, with a margin of one pixel for neighbours and
 * rounding.
 */
function visiblePart(
  image: Image,
  map: Affine,
  width: number,
  height: number,
): { left: number; top: number; width: number; height: number } {
  const corners = [
    apply(map, { x: 0, y: 0 }),
    apply(map, { x: width - 1, y: 0 }),
    apply(map, { x: 0, y: height - 1 }),
    apply(map, { x: width - 1, y: height - 1 }),
  ];
  const span = (values: readonly number[], length: number): [start: number, end: number] => [
    Math.max(0, Math.floor(Math.min(...values)) - 1),
    Math.min(length, Math.ceil(Math.max(...values)) + 2),
  ];
  const [left, right] = span(
    corners.map(({ x }) => x),
    image.width,
  );
  const [top, bottom] = span(
    corners.map(({ y }) => y),
    image.height,
  );
  return { left, top, width: right - left, height: bottom - top };
}

/** Samples pixel by pixel, directly from the image's own memory. */
function sampleSparsely(
  { width, height, data }: Image,
  { a, b, c, d, e, f }: Affine,
  { data: out, offset, width: columns, height: rows }: WarpTarget,
  { plane, scale, shift }: Planes,
): void {
  for (let y = 0, at = offset; y < rows; y++) {
    for (let x = 0; x < columns; x++, at++) {
      const sourceX = a * x + b * y + c;
      const sourceY = d * x + e * y + f;
      const isInside =
        sourceX >= -0.5 && sourceY >= -0.5 && sourceX <= width - 0.5 && sourceY <= height - 0.5;
      const [floorX, floorY] = [Math.floor(sourceX), Math.floor(sourceY)];
      const [wx, wy] = [sourceX - floorX, sourceY - floorY];
      const upper = Math.max(0, floorY) * width;
      const lower = Math.min(height - 1, floorY + 1) * width;
      const [left, right] = [Math.max(0, floorX), Math.min(width - 1, floorX + 1)];
      for (let colour = 0; colour < 3; colour++) {
        const pixel = (position: number): number => data[position * 3 + colour];
        const above = pixel(upper + left) * (1 - wx) + pixel(upper + right) * wx;
        const below = pixel(lower + left) * (1 - wx) + pixel(lower + right) * wx;
        const value = isInside ? above * (1 - wy) + below * wy : 0;
        out[at + plane[colour] * columns * rows] = value * scale[colour] + shift[colour];
      }
    }
  }
}
