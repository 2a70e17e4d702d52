/**
 * The loops over pixels, four at a time: AssemblyScript, compiled to `dist/src/vision/pixels.wasm`. `../kernels.ts` brings
 * the pixels here and takes the results away; an address is a byte offset in this module's memory. Loads are 16 bytes
 * wide, so whoever lays out the memory leaves as much room behind each buffer.
 */

/** The first address that is free. */
export const BASE: usize = (__heap_base + 15) & ~15;

/**
 * Means of 2×2 blocks of 8-bit RGB.
 * @param source `2 · rows` lines of `stride` bytes
 * @param target `rows` lines of `columns` pixels
 * @param whole how many of the columns have two pixels a line; the one that may follow has one
 */
export function halve(
  source: usize,
  stride: usize,
  target: usize,
  columns: usize,
  whole: usize,
  rows: i32,
): void {
  for (let row = 0; row < rows; row++) {
    let upper = source + <usize>(2 * row) * stride;
    let lower = upper + stride;
    const end = target + whole * 3;
    // Eight pixels at a time: bytes 0…15 and 8…23 of both lines, the even pixels and the odd ones side by side.
    for (; target + 12 <= end; target += 12, upper += 24, lower += 24) {
      const u = v128.load(upper);
      const v = v128.load(upper, 8);
      const s = v128.load(lower);
      const t = v128.load(lower, 8);
      const a = evenPixels(u, v);
      const b = oddPixels(u, v);
      const c = evenPixels(s, t);
      const d = oddPixels(s, t);
      const low = i16x8.add(
        i16x8.add(i16x8.extend_low_i8x16_u(a), i16x8.extend_low_i8x16_u(b)),
        i16x8.add(i16x8.extend_low_i8x16_u(c), i16x8.extend_low_i8x16_u(d)),
      );
      const high = i16x8.add(
        i16x8.add(i16x8.extend_high_i8x16_u(a), i16x8.extend_high_i8x16_u(b)),
        i16x8.add(i16x8.extend_high_i8x16_u(c), i16x8.extend_high_i8x16_u(d)),
      );
      const half = i16x8.splat(2);
      const mean = i8x16.narrow_i16x8_u(
        i16x8.shr_u(i16x8.add(low, half), 2),
        i16x8.shr_u(i16x8.add(high, half), 2),
      );
      // Four bytes too many, which the next pixels overwrite.
      v128.store(target, mean);
    }
    for (; target < end; target += 3, upper += 6, lower += 6) {
      for (let colour: usize = 0; colour < 3; colour++) {
        const sum =
          <u32>load<u8>(upper + colour) +
          load<u8>(upper + colour + 3) +
          load<u8>(lower + colour) +
          load<u8>(lower + colour + 3);
        store<u8>(target + colour, (sum + 2) >> 2);
      }
    }
    if (whole < columns) {
      for (let colour: usize = 0; colour < 3; colour++) {
        store<u8>(target + colour, (<u32>load<u8>(upper + colour) + load<u8>(lower + colour) + 1) >> 1);
      }
      target += 3;
    }
  }
}

/**
 * One line of block means of 8-bit RGB.
 * @param source `lines` lines of `stride` bytes
 * @param line room for `stride` floats
 * @param target one line: `whole` blocks that are `factor` pixels wide, and one of `rest` pixels unless that is 0
 */
export function average(
  source: usize,
  stride: usize,
  lines: i32,
  line: usize,
  target: usize,
  factor: i32,
  whole: i32,
  rest: i32,
): void {
  for (let i: usize = 0; i < stride; i += 8) {
    let low = f32x4.splat(0);
    let high = f32x4.splat(0);
    let from = source + i;
    for (let count = 0; count < lines; count++, from += stride) {
      const bytes = v128.load8x8_u(from);
      low = f32x4.add(low, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(bytes)));
      high = f32x4.add(high, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(bytes)));
    }
    v128.store(line + i * 4, low);
    v128.store(line + i * 4, high, 16);
  }
  let pixel = line;
  for (let block = 0; block < whole; block++, target += 3, pixel += <usize>factor * 12) {
    storeMean(pixel, factor, lines, target);
  }
  if (rest > 0) storeMean(pixel, rest, lines, target);
}

/** The rounded mean of so many pixels of summed lines. */
function storeMean(pixel: usize, count: i32, lines: i32, target: usize): void {
  let sum = f32x4.splat(0);
  for (let i = 0; i < count; i++, pixel += 12) sum = f32x4.add(sum, v128.load(pixel));
  const mean = f32x4.div(sum, f32x4.splat(<f32>(count * lines)));
  const rounded = i32x4.trunc_sat_f32x4_s(f32x4.add(mean, f32x4.splat(0.5)));
  store<u8>(target, i32x4.extract_lane(rounded, 0));
  store<u8>(target, i32x4.extract_lane(rounded, 1), 1);
  store<u8>(target, i32x4.extract_lane(rounded, 2), 2);
}

function evenPixels(first: v128, second: v128): v128 {
  return i8x16.shuffle(first, second, 0, 1, 2, 6, 7, 8, 12, 13, 14, 26, 27, 28, 0, 0, 0, 0);
}

function oddPixels(first: v128, second: v128): v128 {
  return i8x16.shuffle(first, second, 3, 4, 5, 9, 10, 11, 15, 24, 25, 29, 30, 31, 0, 0, 0, 0);
}

/**
 * Rows of three float planes, bilinear, along the axes of the source.
 * @param source lines of 8-bit RGB, `stride` bytes each
 * @param columns of the target, a multiple of four
 * @param columnTable for each column 12 bytes: byte offsets of its two neighbours in a line of floats, and the weight of
 *   the second
 * @param rows of the target
 * @param rowTable for each row 12 bytes: addresses of its two source lines, and the weight of the second
 * @param line room for `stride` floats
 * @param target the first plane; the others follow, each `rows · columns` floats long
 * @param planes for each colour 12 bytes: the number of its plane, scale and shift of its value
 */
export function blend(
  stride: usize,
  columns: usize,
  columnTable: usize,
  rows: usize,
  rowTable: usize,
  line: usize,
  target: usize,
  planes: usize,
): void {
  const size = rows * columns * 4;
  const red = target + <usize>load<u32>(planes) * size;
  const green = target + <usize>load<u32>(planes, 12) * size;
  const blue = target + <usize>load<u32>(planes, 24) * size;
  const scaleRed = v128.load32_splat(planes, 4);
  const scaleGreen = v128.load32_splat(planes, 16);
  const scaleBlue = v128.load32_splat(planes, 28);
  const shiftRed = v128.load32_splat(planes, 8);
  const shiftGreen = v128.load32_splat(planes, 20);
  const shiftBlue = v128.load32_splat(planes, 32);
  const columnsEnd = columnTable + columns * 12;
  let at: usize = 0;
  for (let row: usize = 0; row < rows; row++) {
    const entry = rowTable + row * 12;
    blendLines(load<u32>(entry), load<u32>(entry, 4), v128.load32_splat(entry, 8), stride, line);
    for (let column = columnTable; column < columnsEnd; column += 48, at += 16) {
      const p = pixel(line, column);
      const q = pixel(line, column + 12);
      const s = pixel(line, column + 24);
      const t = pixel(line, column + 36);
      // Four pixels (red, green, blue, -) → four reds, four greens, four blues.
      const upper = v128.shuffle<f32>(p, q, 0, 4, 1, 5);
      const lower = v128.shuffle<f32>(s, t, 0, 4, 1, 5);
      const reds = v128.shuffle<f32>(upper, lower, 0, 1, 4, 5);
      const greens = v128.shuffle<f32>(upper, lower, 2, 3, 6, 7);
      const blues = v128.shuffle<f32>(
        v128.shuffle<f32>(p, q, 2, 6, 2, 6),
        v128.shuffle<f32>(s, t, 2, 6, 2, 6),
        0,
        1,
        4,
        5,
      );
      v128.store(red + at, f32x4.add(f32x4.mul(reds, scaleRed), shiftRed));
      v128.store(green + at, f32x4.add(f32x4.mul(greens, scaleGreen), shiftGreen));
      v128.store(blue + at, f32x4.add(f32x4.mul(blues, scaleBlue), shiftBlue));
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

/**
 * Three float planes, bilinear, through any affine map; black outside the source.
 * @param source lines of 8-bit RGB, `stride` bytes each: the part of a `width` × `height` image that begins at
 *   (`left`, `top`), as much of it as the map sees
 * @param target the first plane; the others follow, each `rows · columns` floats long
 * @param planes for each colour 12 bytes: the number of its plane, scale and shift of its value
 * @param a … f the map: target pixel ↦ pixel of the image
 */
export function turn(
  source: usize,
  stride: usize,
  left: i32,
  top: i32,
  width: i32,
  height: i32,
  columns: i32,
  rows: i32,
  target: usize,
  planes: usize,
  a: f64,
  b: f64,
  c: f64,
  d: f64,
  e: f64,
  f: f64,
): void {
  const size = <usize>rows * columns * 4;
  const red = target + <usize>load<u32>(planes) * size;
  const green = target + <usize>load<u32>(planes, 12) * size;
  const blue = target + <usize>load<u32>(planes, 24) * size;
  const scale = f32x4(load<f32>(planes, 4), load<f32>(planes, 16), load<f32>(planes, 28), 0);
  const shift = f32x4(load<f32>(planes, 8), load<f32>(planes, 20), load<f32>(planes, 32), 0);
  let at: usize = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, at += 4) {
      const sourceX = a * x + b * y + c;
      const sourceY = d * x + e * y + f;
      let value = shift;
      if (sourceX >= -0.5 && sourceY >= -0.5 && sourceX <= width - 0.5 && sourceY <= height - 0.5) {
        const floorX = Math.floor(sourceX);
        const floorY = Math.floor(sourceY);
        const x0 = <i32>floorX;
        const y0 = <i32>floorY;
        const upper = source + <usize>(max(0, y0) - top) * stride;
        const lower = source + <usize>(min(height - 1, y0 + 1) - top) * stride;
        const first = <usize>(max(0, x0) - left) * 3;
        const second = <usize>(min(width - 1, x0 + 1) - left) * 3;
        const wx = f32x4.splat(<f32>(sourceX - floorX));
        const above = between(colours(upper + first), colours(upper + second), wx);
        const below = between(colours(lower + first), colours(lower + second), wx);
        const mixed = between(above, below, f32x4.splat(<f32>(sourceY - floorY)));
        value = f32x4.add(f32x4.mul(mixed, scale), shift);
      }
      store<f32>(red + at, f32x4.extract_lane(value, 0));
      store<f32>(green + at, f32x4.extract_lane(value, 1));
      store<f32>(blue + at, f32x4.extract_lane(value, 2));
    }
  }
}

function colours(pixel: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(pixel))));
}

function between(first: v128, second: v128, weight: v128): v128 {
  return f32x4.add(first, f32x4.mul(f32x4.sub(second, first), weight));
}
