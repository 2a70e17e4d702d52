/** Selection of candidates: suppressed, clipped, capped, largest first. */
import type { Candidate } from '../../src/detection/face.js';
import { MAX_FACES, select } from '../../src/detection/select.js';

const LIMITS = { iou: 0.4, containment: 0.7 };
const PICTURE = { width: 1000, height: 1000 };

const candidate = (x: number, y: number, side: number, score: number): Candidate => ({
  score,
  box: { x1: x, y1: y, x2: x + side, y2: y + side },
});

test('a face cut off by the border keeps the part inside the picture', () => {
  expect(select([candidate(-30, 950, 100, 0.9)], PICTURE, LIMITS)).toEqual([
    { score: 0.9, box: { x1: 0, y1: 950, x2: 70, y2: 1000 } },
  ]);
});

test('a box with less than a pixel inside the picture is no face', () => {
  expect(select([candidate(-99.5, 0, 100, 0.9), candidate(2000, 0, 100, 0.9)], PICTURE, LIMITS)).toEqual([]);
});

test('largest first, at least as large as asked for', () => {
  const candidates = [candidate(0, 0, 10, 0.9), candidate(100, 0, 30, 0.6), candidate(200, 0, 20, 0.7)];
  const sides = (minFaceSize?: number): number[] =>
    select(candidates, PICTURE, LIMITS, minFaceSize).map(({ box }) => box.x2 - box.x1);
  expect(sides()).toEqual([30, 20, 10]);
  expect(sides(20)).toEqual([30, 20]);
});

test('of more boxes than the cap the best scores stay', () => {
  const candidates = Array.from({ length: MAX_FACES + 50 }, (_, index) =>
    candidate((index % 50) * 20, Math.floor(index / 50) * 20, 10, index / 1000),
  );
  const faces = select(candidates, PICTURE, LIMITS);
  expect(faces).toHaveLength(MAX_FACES);
  expect(Math.min(...faces.map(({ score }) => score))).toBe(0.05);
});
