/** Sampling along the axes of the source. */
import { storePlanes } from './planes';

/**
 * Rows of three float planes, bilinear, along the axes of the source.
 * @param length of a source line of 8-bit RGB, in bytes
 * @param columns of the target, a multiple of four
 * @param columnTable for each column 12 bytes: byte offsets of its two neighbours in a line of floats, and the weight
 *   of the second
 * @param rows of the target
 * @param rowTable for each row 12 bytes: addresses of its two source lines, and the weight of the second
 * @param line memory for `length` floats
 * @param target the first plane; the others follow, each `rows · columns` floats long
 * @param planes for each colour 12 bytes: the number of its plane, scale and shift of its value
 */
export function blend(
  length: usize,
  columns: usize,
  columnTable: usize,
  rows: usize,
  rowTable: usize,
  line: usize,
  target: usize,
  planes: usize,
): void {
  const size = rows * columns * 4;
  const columnsEnd = columnTable + columns * 12;
  let at: usize = 0;
  for (let row: usize = 0; row < rows; row++) {
    const entry = rowTable + row * 12;
    blendLines(load<u32>(entry), load<u32>(entry, 4), v128.load32_splat(entry, 8), length, line);
    for (let column = columnTable; column < columnsEnd; column += 48, at += 16) {
      const p = pixel(line, column);
      const q = pixel(line, column + 12);
      const s = pixel(line, column + 24);
      const t = pixel(line, column + 36);
      storePlanes(target + at, size, planes, p, q, s, t);
    }
  }
}

/** Two lines of bytes → one of floats between them. */
function blendLines(upper: usize, lower: usize, weight: v128, count: usize, line: usize): void {
  for (let i: usize = 0; i < count; i += 8) {
    const u = v128.load8x8_u(upper + i);
    const v = v128.load8x8_u(lower + i);
    const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(u));
    const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(u));
    const difference = i16x8.sub(v, u);
    const lowStep = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(difference));
    const highStep = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(difference));
    v128.store(line + i * 4, f32x4.add(low, f32x4.mul(lowStep, weight)));
    v128.store(line + i * 4, f32x4.add(high, f32x4.mul(highStep, weight)), 16);
  }
}

function pixel(line: usize, column: usize): v128 {
  const left = v128.load(line + load<u32>(column));
  const right = v128.load(line + load<u32>(column, 4));
  return f32x4.add(left, f32x4.mul(f32x4.sub(right, left), v128.load32_splat(column, 8)));
}
