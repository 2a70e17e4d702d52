/** Sampling through any affine map. */
import { storePlanes } from './planes';

/**
 * Three float planes, bilinear, through any affine map; black outside the source.
 * @param source lines of 8-bit RGB, `stride` bytes apart: the part of a `width` × `height` image that begins at
 *   (`left`, `top`), as much as the map needs
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
  // Where the image's first pixel would lie; it may lie outside the copied part.
  const corner = source - <usize>top * stride - <usize>left * 3;
  // Pairs (along x, along y) of fixed-point numbers with 32 integer bits and 32 fraction bits.
  const step = i64x2(fixed(a), fixed(d));
  let at: usize = 0;
  for (let y = 0; y < rows; y++) {
    let position = i64x2(fixed(b * y + c), fixed(e * y + f));
    for (let x = 0; x < columns; x += 4, at += 16) {
      const second = i64x2.add(position, step);
      const third = i64x2.add(second, step);
      const fourth = i64x2.add(third, step);
      let p: v128, q: v128, s: v128, t: v128;
      // Positions between two that have all their neighbours have them too.
      if (hasNeighbours(position, width, height) && hasNeighbours(fourth, width, height)) {
        p = between(corner, stride, position);
        q = between(corner, stride, second);
        s = between(corner, stride, third);
        t = between(corner, stride, fourth);
      } else {
        p = atBorder(corner, stride, position, width, height);
        q = atBorder(corner, stride, second, width, height);
        s = atBorder(corner, stride, third, width, height);
        t = atBorder(corner, stride, fourth, width, height);
      }
      position = i64x2.add(fourth, step);
      storePlanes(target + at, size, planes, p, q, s, t);
    }
  }
}

/** A half as a fixed-point number. */
const HALF: i64 = 1 << 31;

function fixed(value: f64): i64 {
  return <i64>Math.floor(value * 4294967296.0 + 0.5);
}

function column(position: v128): i32 {
  return i32x4.extract_lane(position, 1);
}

function row(position: v128): i32 {
  return i32x4.extract_lane(position, 3);
}

/** Whether a position lies between the centres of the outermost pixels, those of the last ones excluded. */
function hasNeighbours(position: v128, width: i32, height: i32): bool {
  return <u32>column(position) < <u32>(width - 1) && <u32>row(position) < <u32>(height - 1);
}

/** A pixel (red, green, blue, -) interpolated from the four around a position. */
function between(corner: usize, stride: usize, position: v128): v128 {
  const upper = corner + <usize>row(position) * stride + <usize>column(position) * 3;
  return mixed(upper, upper + stride, position);
}

/** The same where neighbours may be missing and only the others count; black outside the image. */
function atBorder(corner: usize, stride: usize, position: v128, width: i32, height: i32): v128 {
  const x = i64x2.extract_lane(position, 0);
  const y = i64x2.extract_lane(position, 1);
  if (x < -HALF || y < -HALF || x > ((<i64>width) << 32) - HALF || y > ((<i64>height) << 32) - HALF) {
    return f32x4.splat(0);
  }
  const upper = corner + <usize>max(0, row(position)) * stride + <usize>max(0, column(position)) * 3;
  const lower = <u32>row(position) < <u32>(height - 1) ? upper + stride : upper;
  const hasSecond = <u32>column(position) < <u32>(width - 1);
  return mixed(upper, lower, hasSecond ? position : i32x4.replace_lane(position, 0, 0));
}

/**
 * From two neighbouring pixels of each of two lines: six bytes of eight.
 * @param position its fractions are the weights of the second ones
 */
function mixed(upper: usize, lower: usize, position: v128): v128 {
  // A float holds 24 bits of the fractions.
  const weights = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(position, 8)), f32x4.splat(1 / 16777216.0));
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
