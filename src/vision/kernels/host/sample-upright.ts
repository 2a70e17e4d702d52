/**
 * Sampling through a map that neither turns nor shears: every row uses the same columns. Most pixels are sampled here.
 */
import type { Affine } from '../../affine.js';
import type { Image } from '../../image.js';
import { kernelMemory, kernels, layOut } from '../kernels.js';
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

/** Rows that are processed together: few enough that they and their source lines fit into a core's cache. */
const STRIP_ROWS = 16;
/** Bytes of an entry in the kernel's tables. */
const ENTRY_BYTES = 12;
/** The kernel blends eight bytes of a line at a time. */
const LINE_STEP = 8;

/** Fills the target, bilinear, black outside the image. */
export function sampleUpright(
  image: Image,
  { a, c, e, f }: Affine,
  target: WarpTarget,
  planes: Planes,
): void {
  const x = axis(a, c, target.width, image.width);
  const y = axis(e, f, target.height, image.height);
  if (x.first >= x.end || y.first >= y.end) return blacken(target, planes);
  blacken(target, planes, 0, y.first);
  blacken(target, planes, y.end);

  // Only the visible part of each line is copied.
  const left = Math.min(x.low[x.first], x.low[x.end - 1]);
  const width = Math.max(x.high[x.first], x.high[x.end - 1]) + 1 - left;
  const stride = strideOf(image, width);
  const lineLength = Math.ceil((width * 3) / LINE_STEP) * LINE_STEP;
  const columns = columnsFor(target);
  const pairBytes = bytesOf(2, stride);
  const [room, columnTable, rowTable, line, planeTable, out] = layOut(
    STRIP_ROWS * pairBytes,
    columns * ENTRY_BYTES,
    STRIP_ROWS * ENTRY_BYTES,
    // A black pixel after the line is for columns outside the image.
    (lineLength + 4) * 4,
    PLANES_BYTES,
    3 * STRIP_ROWS * columns * 4,
  );
  const { integers, floats } = kernelMemory();
  writePlanes(planes, planeTable);
  floats.fill(0, line / 4 + lineLength, line / 4 + lineLength + 4);
  for (let column = 0, at = columnTable / 4; column < columns; column++, at += 3) {
    const isInside = column >= x.first && column < x.end;
    integers[at] = isInside ? (x.low[column] - left) * 12 : lineLength * 4;
    integers[at + 1] = isInside ? (x.high[column] - left) * 12 : lineLength * 4;
    floats[at + 2] = isInside ? x.weight[column] : 0;
  }

  for (let first = y.first; first < y.end; first += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, y.end - first);
    const lowest = Math.min(y.low[first], y.low[first + rows - 1]);
    const count = Math.max(y.high[first], y.high[first + rows - 1]) + 1 - lowest;
    // Where lines are skipped, each row gets its own two lines.
    const areTogether = count <= 2 * rows;
    const from = areTogether ? bringLines(image, left, lowest, width, count, stride, room) : 0;
    for (let row = 0, at = rowTable / 4; row < rows; row++, at += 3) {
      const [low, high] = [y.low[first + row], y.high[first + row]];
      const upper = areTogether
        ? from + (low - lowest) * stride
        : bringLines(image, left, low, width, 2, stride, room + row * pairBytes);
      integers[at] = upper;
      integers[at + 1] = upper + (high - low) * stride;
      floats[at + 2] = y.weight[first + row];
    }
    kernels.blend(width * 3, columns, columnTable, rows, rowTable, line, out, planeTable);
    takeRows(target, out, columns, first, rows);
  }
}

/** For each target position along one axis: its two neighbours in the image and the weight of the second. */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
  /** The positions from `first` to before `end` lie within the image. */
  readonly first: number;
  readonly end: number;
}

/** A border pixel extends half a pixel outwards; positions beyond that lie outside the image. */
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
