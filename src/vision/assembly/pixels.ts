/**
 * The loops over pixels, four at a time: AssemblyScript, compiled to `dist/src/vision/pixels.wasm`. `../kernels.ts` brings
 * the pixels here and takes the results away; an address is a byte offset in this module's memory. Loads are 16 bytes
 * wide, so whoever lays out the memory leaves as much room behind each buffer.
 */

/** The first address that is free. */
export const BASE: usize = (__heap_base + 15) & ~15;

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
 * @param source `lines` lines, `stride` bytes apart
 * @param line room for as many floats as a line has bytes
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
 * @param length of a source line of 8-bit RGB, in bytes
 * @param columns of the target, a multiple of four
 * @param columnTable for each column 12 bytes: byte offsets of its two neighbours in a line of floats, and the weight of
 *   the second
 * @param rows of the target
 * @param rowTable for each row 12 bytes: addresses of its two source lines, and the weight of the second
 * @param line room for `length` floats
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

/**
 * Three float planes, bilinear, through any affine map; black outside the source.
 * @param source lines of 8-bit RGB, `stride` bytes apart: the part of a `width` × `height` image that begins at
 *   (`left`, `top`), as much of it as the map sees
 * @param columns of the target, a multiple of four
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
  // The address of the image's first pixel, which need not be there.
  const corner = source - <usize>top * stride - <usize>left * 3;
  // Pairs (along x, along y) of fixed-point numbers, 32 bits before the point and 32 behind it.
  const step = i64x2(fixed(a), fixed(d));
  let at: usize = 0;
  for (let y = 0; y < rows; y++) {
    let place = i64x2(fixed(b * y + c), fixed(e * y + f));
    for (let x = 0; x < columns; x += 4, at += 16) {
      const second = i64x2.add(place, step);
      const third = i64x2.add(second, step);
      const fourth = i64x2.add(third, step);
      let p: v128, q: v128, s: v128, t: v128;
      // What lies between two places that have all their neighbours has them too.
      if (hasNeighbours(place, width, height) && hasNeighbours(fourth, width, height)) {
        p = between(corner, stride, place);
        q = between(corner, stride, second);
        s = between(corner, stride, third);
        t = between(corner, stride, fourth);
      } else {
        p = atBorder(corner, stride, place, width, height);
        q = atBorder(corner, stride, second, width, height);
        s = atBorder(corner, stride, third, width, height);
        t = atBorder(corner, stride, fourth, width, height);
      }
      place = i64x2.add(fourth, step);
      storePlanes(target + at, size, planes, p, q, s, t);
    }
  }
}

/** A half as a fixed-point number. */
const HALF: i64 = 1 << 31;

function fixed(value: f64): i64 {
  return <i64>Math.floor(value * 4294967296.0 + 0.5);
}

function column(place: v128): i32 {
  return i32x4.extract_lane(place, 1);
}

function row(place: v128): i32 {
  return i32x4.extract_lane(place, 3);
}

/** Whether a place lies within the middles of the outermost pixels, the last ones' excluded. */
function hasNeighbours(place: v128, width: i32, height: i32): bool {
  return <u32>column(place) < <u32>(width - 1) && <u32>row(place) < <u32>(height - 1);
}

/** A pixel (red, green, blue, -) mixed from the four about a place. */
function between(corner: usize, stride: usize, place: v128): v128 {
  const upper = corner + <usize>row(place) * stride + <usize>column(place) * 3;
  return mixed(upper, upper + stride, place);
}

/** The same where neighbours may be missing, which leaves the others to count alone; black outside the image. */
function atBorder(corner: usize, stride: usize, place: v128, width: i32, height: i32): v128 {
  const x = i64x2.extract_lane(place, 0);
  const y = i64x2.extract_lane(place, 1);
  if (x < -HALF || y < -HALF || x > ((<i64>width) << 32) - HALF || y > ((<i64>height) << 32) - HALF) {
    return f32x4.splat(0);
  }
  const upper = corner + <usize>max(0, row(place)) * stride + <usize>max(0, column(place)) * 3;
  const lower = <u32>row(place) < <u32>(height - 1) ? upper + stride : upper;
  const hasSecond = <u32>column(place) < <u32>(width - 1);
  return mixed(upper, lower, hasSecond ? place : i32x4.replace_lane(place, 0, 0));
}

/**
 * From two neighbouring pixels of each of two lines: six bytes of eight.
 * @param place whose fractions are the weights of the second ones
 */
function mixed(upper: usize, lower: usize, place: v128): v128 {
  // 24 bits of the fractions are as much as a float has.
  const weights = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(place, 8)), f32x4.splat(1 / 16777216.0));
  const above = v128.load8x8_u(upper);
  const difference = i16x8.sub(v128.load8x8_u(lower), above);
  const down = v128.shuffle<f32>(weights, weights, 2, 2, 2, 2);
  const low = f32x4.add(
    f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(above)),
    f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(difference)), down),
  );
  const high = f32x4.add(
    f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(above)),
    f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(difference)), down),
  );
  const right = v128.shuffle<f32>(low, high, 3, 4, 5, 5);
  return f32x4.add(low, f32x4.mul(f32x4.sub(right, low), v128.shuffle<f32>(weights, weights, 0, 0, 0, 0)));
}

/** Four pixels (red, green, blue, -) → four numbers of each plane. */
function storePlanes(target: usize, size: usize, planes: usize, p: v128, q: v128, s: v128, t: v128): void {
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
  storePlane(target, size, planes, reds);
  storePlane(target, size, planes + 12, greens);
  storePlane(target, size, planes + 24, blues);
}

/** @param plane its entry in the table of planes */
function storePlane(target: usize, size: usize, plane: usize, values: v128): void {
  const scaled = f32x4.mul(values, v128.load32_splat(plane, 4));
  v128.store(target + <usize>load<u32>(plane) * size, f32x4.add(scaled, v128.load32_splat(plane, 8)));
}
