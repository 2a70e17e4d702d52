import { boxToPicture } from '../../src/vision/affine.js';
import type { Image } from '../../src/vision/image.js';
import type { Normalisation } from '../../src/vision/kernels/host/planes.js';
import { sample, warp } from '../../src/vision/warp.js';

const IDENTITY = { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 };
const PLAIN: Normalisation = { order: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] };

/** A grey picture from rows of grey values. */
function grey(...rows: number[][]): Image {
  return {
    width: rows[0].length,
    height: rows.length,
    data: Uint8Array.from(rows.flat().flatMap((value) => [value, value, value])),
  };
}

function run(
  image: Image,
  map: typeof IDENTITY,
  width: number,
  height: number,
  normalisation = PLAIN,
): number[] {
  const planes = normalisation.order === 'grey' ? 1 : 3;
  const data = new Float32Array(planes * width * height);
  warp(image, map, { data, offset: 0, width, height }, normalisation);
  return [...data];
}

describe('warp', () => {
  it('copies pixels into planes, in the order asked for', () => {
    const image = { width: 2, height: 1, data: Uint8Array.from([10, 20, 30, 40, 50, 60]) };
    expect(run(image, IDENTITY, 2, 1)).toEqual([10, 40, 20, 50, 30, 60]);
    expect(run(image, IDENTITY, 2, 1, { ...PLAIN, order: 'BGR' })).toEqual([30, 60, 20, 50, 10, 40]);
  });

  it('normalises: (value − mean) / std per plane', () => {
    const image = { width: 1, height: 1, data: Uint8Array.from([100, 150, 200]) };
    const normalisation: Normalisation = { order: 'RGB', mean: [100, 100, 0], std: [1, 25, 50] };
    const [red, green, blue] = run(image, IDENTITY, 1, 1, normalisation);
    expect([red, green, blue]).toEqual([0, 2, 4]);
  });

  it('weighs grey as 0.299 R + 0.587 G + 0.114 B', () => {
    const image = { width: 1, height: 1, data: Uint8Array.from([100, 200, 50]) };
    const [value] = run(image, IDENTITY, 1, 1, { order: 'grey', mean: [0], std: [1] });
    expect(value).toBeCloseTo(29.9 + 117.4 + 5.7, 4);
  });

  it('interpolates between four pixels: ¾·¾·0 + ¼·¾·40 + ¾·¼·80 + ¼·¼·160', () => {
    const image = grey([0, 40], [80, 160]);
    const [value] = run(image, { ...IDENTITY, c: 0.25, f: 0.25 }, 1, 1);
    expect(value).toBeCloseTo(7.5 + 15 + 10, 5);
  });

  it('reaches to the outer edge of the border pixels, and is black beyond', () => {
    const image = grey([100, 60], [100, 60]);
    // Sampled at 0.5, 1.5 (the edge itself) and 2.5.
    expect(run(image, { ...IDENTITY, c: 0.5 }, 3, 1).slice(0, 3)).toEqual([80, 60, 0]);
  });

  it('averages whole blocks when it shrinks, where point sampling would miss every other pixel', () => {
    const stripes = grey(...Array.from({ length: 8 }, () => [0, 200, 0, 200, 0, 200, 0, 200]));
    const map = boxToPicture({ x1: 0, y1: 0, x2: 8, y2: 8 }, 2, 2);
    expect(run(stripes, map, 2, 2).slice(0, 4)).toEqual([100, 100, 100, 100]);

    const pointSampled = new Float32Array(12);
    const shifted = { ...map, c: map.c - 0.5, f: map.f - 0.5 };
    sample(stripes, shifted, { data: pointSampled, offset: 0, width: 2, height: 2 }, PLAIN);
    expect(pointSampled[0]).toBe(200);
  });

  it('shrinks a ramp to its block means, also where the blocks do not fill the picture', () => {
    const ramp = grey([0, 10, 20, 30, 40, 50, 60], [0, 10, 20, 30, 40, 50, 60]);
    // Factor 3: blocks (0,10,20) (30,40,50) (60); the two output pixels lie on the first two blocks' centres.
    const map = { a: 3, b: 0, c: 1, d: 0, e: 3, f: 0.5 };
    expect(run(ramp, map, 2, 1).slice(0, 2)).toEqual([10, 40]);
  });
});
