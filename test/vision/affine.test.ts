import {
  apply,
  boxToPicture,
  invert,
  type Point,
  similarityTransform,
  squareToPicture,
} from '../../src/vision/affine.js';
import { alignmentMap, keypointRoll } from '../../src/vision/alignment.js';

function expectPoint({ x, y }: Point, expectedX: number, expectedY: number): void {
  expect(x).toBeCloseTo(expectedX, 8);
  expect(y).toBeCloseTo(expectedY, 8);
}

describe('similarityTransform', () => {
  it('finds a quarter turn, a doubling and a shift from three points', () => {
    // (x, y) ↦ (−2y + 5, 2x + 7)
    const from = [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ];
    const to = [
      { x: 5, y: 7 },
      { x: 5, y: 9 },
      { x: 3, y: 7 },
    ];
    const map = similarityTransform(from, to);
    expect(map.a).toBeCloseTo(0, 12);
    expect(map.b).toBeCloseTo(-2, 12);
    expect(map.d).toBeCloseTo(2, 12);
    expectPoint(apply(map, { x: 3, y: 4 }), -3, 13);
  });

  it('takes the least-squares fit where none is exact', () => {
    // Worked out by hand: centroids (1, 0) and (1.5, 0); Σ(x·u + y·v) = 3, Σ(x² + y²) = 2, so the scale is 1.5.
    const map = similarityTransform(
      [
        { x: 0, y: 0 },
        { x: 1, y: 0 },
        { x: 2, y: 0 },
      ],
      [
        { x: 0, y: 0 },
        { x: 1.5, y: 0 },
        { x: 3, y: 0 },
      ],
    );
    expect(map).toEqual({ a: 1.5, b: -0, c: 0, d: 0, e: 1.5, f: 0 });
  });
});

describe('boxToPicture', () => {
  it('puts the centre of the first output pixel at the centre of the pixels it covers', () => {
    // 20 pixels shown by 10: output pixel 0 covers pixels 4 and 5, whose middle is index 4.5.
    const map = boxToPicture({ x1: 4, y1: 0, x2: 24, y2: 10 }, 10, 10);
    expect(apply(map, { x: 0, y: 0 })).toEqual({ x: 4.5, y: 0 });
    expect(apply(map, { x: 9, y: 9 })).toEqual({ x: 22.5, y: 9 });
  });
});

describe('squareToPicture', () => {
  it('is boxToPicture for a square that is not turned', () => {
    const turned = squareToPicture({ x: 14, y: 25 }, 20, 0, 10);
    const upright = boxToPicture({ x1: 4, y1: 15, x2: 24, y2: 35 }, 10, 10);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'] as const)
      expect(turned[name]).toBeCloseTo(upright[name], 9);
  });

  it('turns clockwise on the screen: by 90° the top left corner shows what lies at the top right', () => {
    // 4 pixels about (10, 10) shown by 4: pixel (0, 0) upright is source pixel (8, 8), its right-hand end (11, 8).
    const map = squareToPicture({ x: 10, y: 10 }, 4, 90, 4);
    expectPoint(apply(map, { x: 0, y: 0 }), 11, 8);
    expectPoint(apply(map, { x: 3, y: 0 }), 11, 11);
  });
});

const template = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];

describe('alignmentMap', () => {
  it('is the identity for a face that already lies on the template', () => {
    const map = alignmentMap(template);
    expectPoint(apply(map, { x: 17, y: 93 }), 17, 93);
  });

  it('undoes scale, turn and shift of the face', () => {
    const turn = { a: 0.6, b: -0.8, c: 200, d: 0.8, e: 0.6, f: 30 };
    const map = alignmentMap(template.map((point) => apply(turn, point)));
    expectPoint(apply(map, { x: 50, y: 60 }), 182, 106);
    const there = apply(invert(map), { x: 182, y: 106 });
    expectPoint(there, 50, 60);
  });

  it('shows one point of the picture where all keypoints are that point', () => {
    const keypoints = template.map(() => ({ x: 30, y: 40 }));
    const map = alignmentMap(keypoints);
    for (const corner of [
      { x: 0, y: 0 },
      { x: 111, y: 111 },
    ])
      expectPoint(apply(map, corner), keypoints[0].x, keypoints[0].y);
    expect(keypointRoll(keypoints)).toBe(0);
  });
});

describe('keypointRoll', () => {
  it.each([-170, -90, -30, 0, 12.5, 60, 179])('of a face turned clockwise by %d° is that', (degrees) => {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const eyes = { a: 2 * cos, b: -2 * sin, c: 70, d: 2 * sin, e: 2 * cos, f: -5 };
    expect(keypointRoll(template.map((point) => apply(eyes, point)))).toBeCloseTo(degrees, 6);
  });
});
