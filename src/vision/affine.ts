/** Affine maps of the plane, and the least-squares similarity between two point sets. */
import type { Box } from './box.js';

/** A point in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** (x, y) ↦ (a·x + b·y + c, d·x + e·y + f). */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

/** The image of a point under a map. */
export function apply(map: Affine, { x, y }: Point): Point {
  return { x: map.a * x + map.b * y + map.c, y: map.d * x + map.e * y + map.f };
}

/** The inverse map; the determinant must not be 0. */
export function invert({ a, b, c, d, e, f }: Affine): Affine {
  const det = a * e - b * d;
  return {
    a: e / det,
    b: -b / det,
    c: (b * f - c * e) / det,
    d: -d / det,
    e: a / det,
    f: (c * d - a * f) / det,
  };
}

/**
 * The map from pixel indices of a `width` × `height` picture to pixel indices of the source whose `box` it shows.
 * Pixel centres lie at half coordinates, as in every common image resize.
 */
export function boxToPicture(box: Box, width: number, height: number): Affine {
  const scaleX = (box.x2 - box.x1) / width;
  const scaleY = (box.y2 - box.y1) / height;
  return { a: scaleX, b: 0, c: box.x1 + scaleX / 2 - 0.5, d: 0, e: scaleY, f: box.y1 + scaleY / 2 - 0.5 };
}

/** One map after the other: `first`, then `second`. */
export function compose(first: Affine, second: Affine): Affine {
  const { a, b, c, d, e, f } = second;
  return {
    a: a * first.a + b * first.d,
    b: a * first.b + b * first.e,
    c: a * first.c + b * first.f + c,
    d: d * first.a + e * first.d,
    e: d * first.b + e * first.e,
    f: d * first.c + e * first.f + f,
  };
}

/** A turn by `degrees`, clockwise on the screen, about a point. */
export function rotationAbout({ x, y }: Point, degrees: number): Affine {
  // Exact for 0: an upright map must stay upright, because it is sampled much faster.
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { a: cos, b: -sin, c: x - cos * x + sin * y, d: sin, e: cos, f: y - sin * x - cos * y };
}

/**
 * As `boxToPicture`, for a turned square.
 * @param centre of the square in the source, in continuous coordinates
 * @param side of the square in the source
 * @param degrees by which the square is turned clockwise on the screen
 * @param pixels side of the picture
 */
export function squareToPicture({ x, y }: Point, side: number, degrees: number, pixels: number): Affine {
  const angle = (degrees * Math.PI) / 180;
  const [a, d] = [(Math.cos(angle) * side) / pixels, (Math.sin(angle) * side) / pixels];
  const middle = (pixels - 1) / 2;
  return { a, b: -d, c: x - 0.5 - (a - d) * middle, d, e: a, f: y - 0.5 - (d + a) * middle };
}

/**
 * The rotation, uniform scale and shift that bring `from` closest to `to` (least squares), without reflection.
 * In two dimensions Umeyama's solution (IEEE TPAMI 13(4), 1991) has this closed form.
 * @param from at least two distinct points
 * @param to as many points
 */
export function similarityTransform(from: readonly Point[], to: readonly Point[]): Affine {
  const source = mean(from);
  const target = mean(to);
  let dot = 0;
  let cross = 0;
  let spread = 0;
  for (const [index, point] of from.entries()) {
    const other = to[index] ?? target;
    const [x, y] = [point.x - source.x, point.y - source.y];
    const [u, v] = [other.x - target.x, other.y - target.y];
    dot += x * u + y * v;
    cross += x * v - y * u;
    spread += x * x + y * y;
  }
  const a = dot / spread;
  const d = cross / spread;
  return {
    a,
    b: -d,
    c: target.x - a * source.x + d * source.y,
    d,
    e: a,
    f: target.y - d * source.x - a * source.y,
  };
}

/** The centroid of some points. */
export function mean(points: readonly Point[]): Point {
  const sum = points.reduce((total, point) => ({ x: total.x + point.x, y: total.y + point.y }), {
    x: 0,
    y: 0,
  });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
