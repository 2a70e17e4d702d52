/** The compiled loops compared with plain code, for pictures, maps and targets of many shapes. */
import { drawLetterbox, fitLetterbox } from '../../src/detection/letterbox.js';
import type { Affine } from '../../src/vision/affine.js';
import type { Image } from '../../src/vision/image.js';
import { kernelMemory, layOut } from '../../src/vision/kernels/kernels.js';
import { halve, reduce } from '../../src/vision/kernels/host/reduce.js';
import { sample } from '../../src/vision/warp.js';

// Global names are slow to look up in Jest's realm; these are read millions of times.
const { PI, abs, ceil, cos, floor, max, min, sin } = Math;

/** The same numbers in every run: Park and Miller's generator, 0…1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** In shared memory, as decoded pictures are, and where no word of eight bytes begins. */
function noise(width: number, height: number, roll: () => number): Image {
  const data = new Uint8Array(new SharedArrayBuffer(width * height * 3 + 5), 5);
  for (const at of data.keys()) data[at] = floor(roll() * 256);
  return { width, height, data };
}

/** One colour of one target pixel, bilinear; 0 outside the image. */
function valueAt({ width, height, data }: Image, map: Affine, x: number, y: number, colour: number): number {
  const sourceX = map.a * x + map.b * y + map.c;
  const sourceY = map.d * x + map.e * y + map.f;
  if (sourceX < -0.5 || sourceY < -0.5 || sourceX > width - 0.5 || sourceY > height - 0.5) return 0;
  const [left, top] = [floor(sourceX), floor(sourceY)];
  const pixel = (column: number, row: number): number => {
    const nearest = [min(max(row, 0), height - 1), min(max(column, 0), width - 1)];
    return data[(nearest[0] * width + nearest[1]) * 3 + colour];
  };
  const [wx, wy] = [sourceX - left, sourceY - top];
  const above = pixel(left, top) * (1 - wx) + pixel(left + 1, top) * wx;
  const below = pixel(left, top + 1) * (1 - wx) + pixel(left + 1, top + 1) * wx;
  return above * (1 - wy) + below * wy;
}

/** The largest difference between the drawn values and the plain code's. */
function worstOf(image: Image, map: Affine, width: number, height: number): number {
  const normalisation = { order: 'BGR', mean: [30, 20, 10], std: [4, 2, 1] } as const;
  const offset = 3;
  const data = new Float32Array(offset + 3 * width * height).fill(NaN);
  sample(image, map, { data, offset, width, height }, normalisation);
  let worst = 0;
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value =
          (valueAt(image, map, x, y, 2 - plane) - normalisation.mean[plane]) / normalisation.std[plane];
        const drawn = data[offset + (plane * height + y) * width + x];
        // Not max alone: a pixel that was not drawn is NaN, and must not pass.
        if (!(abs(drawn - value) <= worst)) worst = abs(drawn - value);
      }
    }
  }
  return worst;
}

/** Floats have 24 bits; values go up to 255. */
const ROUNDING = 2e-4;

describe('sampling', () => {
  it.each([1, 2, 3, 4])(
    'along the axes gives what bilinear interpolation means, inside and outside the image (%i)',
    (seed) => {
      const roll = dice(seed);
      for (let round = 0; round < 10; round++) {
        const image = noise(1 + floor(roll() * 70), 1 + floor(roll() * 70), roll);
        const map = {
          a: roll() * 3,
          b: 0,
          c: (roll() - 0.3) * image.width,
          d: 0,
          e: roll() * 3,
          f: (roll() - 0.3) * image.height,
        };
        const [width, height] = [1 + floor(roll() * 50), 1 + floor(roll() * 50)];
        expect(worstOf(image, map, width, height)).toBeLessThan(ROUNDING);
      }
    },
  );

  it.each([1, 2, 3, 4])(
    'through a turned map gives what bilinear interpolation means, inside and outside the image (%i)',
    (seed) => {
      const roll = dice(seed);
      for (let round = 0; round < 10; round++) {
        const image = noise(1 + floor(roll() * 70), 1 + floor(roll() * 70), roll);
        const [scale, angle] = [roll() * 3, roll() * 2 * PI];
        const map = {
          a: scale * cos(angle),
          b: -scale * sin(angle),
          c: (roll() - 0.2) * image.width,
          d: scale * sin(angle),
          e: scale * cos(angle),
          f: (roll() - 0.2) * image.height,
        };
        const [width, height] = [1 + floor(roll() * 50), 1 + floor(roll() * 50)];
        expect(worstOf(image, map, width, height)).toBeLessThan(ROUNDING);
      }
    },
  );

  it('is black where the target lies beside the image in both directions', () => {
    const image = noise(10, 10, dice(1));
    expect(worstOf(image, { a: 0.1, b: 0, c: -9, d: 0, e: 0.1, f: -9 }, 8, 8)).toBeLessThan(ROUNDING);
  });

  it('gives the same of a picture too large to bring over for so few pixels', () => {
    const image = noise(1500, 1200, dice(5));
    const map = { a: 40, b: 9, c: -20, d: -9, e: 40, f: 250 };
    expect(worstOf(image, map, 30, 24)).toBeLessThan(ROUNDING);
  });
});

/** Rounded means of blocks, or of what the right and the lower edge leave of them. */
function blockMeans({ width, height, data }: Image, factor: number): Uint8Array {
  const [columns, rows] = [ceil(width / factor), ceil(height / factor)];
  return new Uint8Array(columns * rows * 3).map((_, i) => {
    const [colour, column, row] = [i % 3, floor(i / 3) % columns, floor(i / 3 / columns)];
    const values: number[] = [];
    for (let y = row * factor; y < min(height, (row + 1) * factor); y++) {
      for (let x = column * factor; x < min(width, (column + 1) * factor); x++)
        values.push(data[(y * width + x) * 3 + colour]);
    }
    return floor(values.reduce((sum, value) => sum + value, 0) / values.length + 0.5);
  });
}

describe('shrinking', () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 5],
    [17, 16],
    [64, 33],
    [901, 420],
  ])('to a half gives the means of 2×2 blocks (%i×%i)', (width, height) => {
    const image = noise(width, height, dice(width));
    const half = halve(image, 0, 0, ceil(width / 2), ceil(height / 2));
    expect(Buffer.compare(half.data, blockMeans(image, 2))).toBe(0);
  });

  it.each([3, 4, 7])('by %i gives the means of such blocks', (factor) => {
    const image = noise(100, 61, dice(factor));
    const [columns, rows] = [ceil(100 / factor), ceil(61 / factor)];
    const middle = (factor - 1) / 2;
    const map = { a: factor, b: 0, c: middle, d: 0, e: factor, f: middle };
    const { image: shrunk } = reduce(image, map, columns, rows);
    expect([shrunk.width, shrunk.height]).toEqual([columns, rows]);
    expect(Buffer.compare(shrunk.data, blockMeans(image, factor))).toBe(0);
  });
});

describe('pictures of extreme proportions', () => {
  const SHAPES: [width: number, height: number][] = [
    [65_535, 1],
    [1, 65_535],
    [65_535, 3],
    [3, 65_535],
    [4000, 20],
    [20, 4000],
  ];

  it.each(SHAPES)('%i×%i are averaged over the lines and columns there are', (width, height) => {
    const image = noise(width, height, dice(width));
    const before = kernelMemory().bytes.length;
    for (const factor of [2, 11, 136, 5000]) {
      const middle = (factor - 1) / 2;
      const map = { a: factor, b: 0, c: middle, d: 0, e: factor, f: middle };
      const [columns, rows] = [ceil(width / factor), ceil(height / factor)];
      const { image: shrunk } = reduce(image, map, columns, rows);
      const means = blockMeans(image, factor);
      expect([shrunk.width, shrunk.height]).toEqual([columns, rows]);
      // Sums of floats: a mean just below a half may be rounded up.
      const differences = shrunk.data.map((value, index) => abs(value - means[index]));
      expect(differences.reduce((most, value) => max(most, value), 0)).toBeLessThanOrEqual(1);
    }
    // No more memory than a few pictures take.
    expect(kernelMemory().bytes.length - before).toBeLessThan(10 * image.data.length + 1_000_000);
  });

  it.each(SHAPES)('%i×%i are drawn into a detector input', (width, height) => {
    const image = { width, height, data: new Uint8Array(width * height * 3).fill(200) };
    for (const size of [160, 320, 480]) {
      const box = fitLetterbox(image, size, 16, 16);
      const data = new Float32Array(3 * box.width * box.height).fill(NaN);
      const plain = { order: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] } as const;
      drawLetterbox(image, box, { data, shape: [1, 3, box.height, box.width] }, 0, plain);
      expect(data[0]).toBeCloseTo(200, 0);
      expect(data.some((value) => Number.isNaN(value))).toBe(false);
    }
  });
});

describe('the memory of the kernels', () => {
  it('grows as needed, and keeps buffers apart', () => {
    const before = kernelMemory().bytes.length;
    const [first, second, third] = layOut(1, before, 100);
    expect(second).toBeGreaterThanOrEqual(first + 1 + 16);
    expect(third).toBeGreaterThanOrEqual(second + before + 16);
    expect(kernelMemory().bytes.length).toBeGreaterThanOrEqual(third + 100 + 16);
    expect([first, second, third].every((address) => address % 16 === 0)).toBe(true);
  });
});
