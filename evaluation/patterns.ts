/** Generated pictures without a face, in which a detector must find nothing. The same number gives the same picture. */
import type { Image } from '../src/vision/image.js';

// Global names are slow to look up in Jest's realm; these are read millions of times.
const { PI, ceil, cos, floor, hypot, imul, sin } = Math;

type Colour = readonly [red: number, green: number, blue: number];
/** Colour at a pixel. */
type Painter = (x: number, y: number) => Colour;
type Random = () => number;

/** The kinds, in turn: pattern n has kind n modulo their number. */
const KINDS: Readonly<Record<string, (random: Random, width: number, height: number) => Painter>> = {
  plain: (random) => constant(colour(random)),
  noise: (random) => {
    const grey = random() < 0.5;
    return () => {
      const value = random() * 255;
      return grey ? [value, value, value] : [value, random() * 255, random() * 255];
    };
  },
  clouds: (random, width, height) => {
    const [a, b] = [colour(random), colour(random)];
    const octaves = [8, 20, 50, 120].map((cell) => valueNoise(random, width, height, cell));
    return (x, y) => mix(a, b, octaves.reduce((sum, noise) => sum + noise(x, y), 0) / octaves.length);
  },
  checkerboard: (random) => {
    const [a, b] = [colour(random), colour(random)];
    const cell = 4 + random() * 60;
    return (x, y) => ((floor(x / cell) + floor(y / cell)) % 2 === 0 ? a : b);
  },
  stripes: (random) => {
    const [a, b] = [colour(random), colour(random)];
    const [angle, width] = [random() * PI, 3 + random() * 40];
    const [dx, dy] = [cos(angle), sin(angle)];
    return (x, y) => mix(a, b, 0.5 + 0.5 * sin(((x * dx + y * dy) * PI) / width));
  },
  gradient: (random, width, height) => {
    const [a, b] = [colour(random), colour(random)];
    const [cx, cy] = [random() * width, random() * height];
    const reach = hypot(width, height);
    return random() < 0.5
      ? (x, y) => mix(a, b, hypot(x - cx, y - cy) / reach)
      : (x, y) => mix(a, b, (x + y) / (width + height));
  },
  text: (random, width, height) => {
    const [paper, ink] = [colour(random), colour(random)];
    const line = 8 + floor(random() * 40);
    const columns = ceil((4 * width) / line);
    const strokes = Array.from({ length: ceil(height / line) * columns * 4 }, () => random() < 0.45);
    return (x, y) => {
      const row = floor(y / line);
      const inLine = (y % line) / line;
      if (inLine > 0.7) return paper;
      const at = (row * columns + floor((4 * x) / line)) * 4 + floor((inLine / 0.7) * 4);
      return strokes[at] ? ink : paper;
    };
  },
  discs: (random, width, height) => {
    const ground = colour(random);
    const discs = Array.from({ length: 3 + floor(random() * 30) }, () => ({
      x: random() * width,
      y: random() * height,
      radius: 3 + random() * 60,
      flat: 0.5 + random(),
      fill: colour(random),
    }));
    return (x, y) =>
      discs.findLast((disc) => hypot(x - disc.x, (y - disc.y) * disc.flat) < disc.radius)?.fill ?? ground;
  },
};

/** The name of pattern `index`, which says its kind. */
export function patternName(index: number): string {
  const kinds = Object.keys(KINDS);
  return `${kinds[index % kinds.length]}-${index}`;
}

/** Pattern `index`: 200 to 800 pixels on each side. */
export function pattern(index: number): Image {
  const random = generator(index + 1);
  const width = 200 + floor(random() * 600);
  const height = 200 + floor(random() * 600);
  const kinds = Object.values(KINDS);
  const paint = kinds[index % kinds.length](random, width, height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) data.set(paint(x, y), at);
  }
  return { width, height, data };
}

/** Uniform numbers in 0…1 (mulberry32). */
export function generator(seed: number): Random {
  let state = imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = imul(state ^ (state >>> 15), 1 | state);
    value = (value + imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function colour(random: Random): Colour {
  return [random() * 255, random() * 255, random() * 255];
}

function constant(value: Colour): Painter {
  return () => value;
}

function mix(a: Colour, b: Colour, share: number): Colour {
  const at = (index: 0 | 1 | 2): number => a[index] + (b[index] - a[index]) * share;
  return [at(0), at(1), at(2)];
}

/** Smooth noise in 0…1: random values on a grid, blended in between. */
function valueNoise(
  random: Random,
  width: number,
  height: number,
  cell: number,
): (x: number, y: number) => number {
  const columns = ceil(width / cell) + 2;
  const values = Float32Array.from({ length: columns * (ceil(height / cell) + 2) }, random);
  return (x, y) => {
    const [column, row] = [floor(x / cell), floor(y / cell)];
    const [u, v] = [x / cell - column, y / cell - row];
    const at = row * columns + column;
    const top = values[at] * (1 - u) + values[at + 1] * u;
    const bottom = values[at + columns] * (1 - u) + values[at + columns + 1] * u;
    return top * (1 - v) + bottom * v;
  };
}
