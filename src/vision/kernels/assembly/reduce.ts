/** Reduction by integer factors. */

/**
 * Means of 2×2 blocks of 8-bit RGB.
 * @param source `2 · rows` lines, `stride` bytes apart
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
      // Stores four bytes too many, which the next pixels overwrite.
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
 * @param source `lines` lines, `stride` bytes apart
 * @param line memory for as many floats as a line has bytes
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
  const length = <usize>(whole * factor + rest) * 3;
  for (let i: usize = 0; i < length; i += 8) {
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

/** Stores the rounded mean of `count` pixels of summed lines. */
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
