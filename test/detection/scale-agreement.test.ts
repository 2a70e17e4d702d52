/** Whether the scales that a picture was searched at agree on a candidate. */
import { isContradicted, isTooLarge, type SizedCandidate } from '../../src/detection/scale-agreement.js';

const RULE = { minScoreAlone: 0.9, minSupportScore: 0.3, minClearPixels: 32, maxClearPixels: 256 };
const SAME_FROM = 0.3;

const candidate = (size: number, x: number, side: number, score = 0.8): SizedCandidate => ({
  size,
  score,
  box: { x1: x, y1: 0, x2: x + side, y2: side },
});
/** Of the first candidate of a 640×480 picture. */
const contradicted = (found: readonly SizedCandidate[], sizes = [160, 480], maxPixels = 256): boolean =>
  isContradicted(
    found[0],
    { image: { width: 640, height: 480 }, scales: sizes.map((size) => ({ size, maxPixels })), found },
    RULE,
    SAME_FROM,
  );

test('a candidate at one scale only is contradicted', () => {
  expect(contradicted([candidate(480, 0, 200)])).toBe(true);
});

test('a candidate that another scale supports at the same position is not', () => {
  expect(contradicted([candidate(480, 0, 200), candidate(160, 10, 200, 0.3)])).toBe(false);
});

test.each([
  ['has too low a score there', candidate(160, 10, 200, 0.29)],
  ['finds something elsewhere', candidate(160, 300, 200)],
])('it is contradicted where the other scale %s', (_, other) => {
  expect(contradicted([candidate(480, 0, 200), other])).toBe(true);
});

test('another box at the same scale supports nothing', () => {
  expect(contradicted([candidate(480, 0, 200), candidate(480, 4, 200, 0.7)])).toBe(true);
});

test('a good score needs no support', () => {
  expect(contradicted([candidate(480, 0, 200, 0.9)])).toBe(false);
});

test('a scale that shows the box too small or too large does not count', () => {
  // 124 pixels of 640 are 31 of 160, 132 are 33; 344 are 258 of 480, 340 are 255.
  expect(contradicted([candidate(480, 0, 124)])).toBe(false);
  expect(contradicted([candidate(480, 0, 132)])).toBe(true);
  expect(contradicted([candidate(160, 0, 344)])).toBe(false);
  expect(contradicted([candidate(160, 0, 340)])).toBe(true);
});

test('nor does one that leaves boxes of that size to others', () => {
  // 200 pixels of 640 are 50 of 160.
  expect(contradicted([candidate(480, 0, 200)], [160, 480], 49)).toBe(false);
  expect(contradicted([candidate(480, 0, 200)], [160, 480], 51)).toBe(true);
});

test('a single scale contradicts nothing', () => {
  expect(contradicted([candidate(480, 0, 200)], [480])).toBe(false);
});

test('a box may be too large for the input it was found in', () => {
  const tooLarge = (size: number, side: number): boolean =>
    isTooLarge(candidate(size, 0, side), { width: 640, height: 480 }, { size, maxPixels: 256 });
  expect(tooLarge(480, 340)).toBe(false);
  expect(tooLarge(480, 344)).toBe(true);
  expect(tooLarge(160, 344)).toBe(false);
});
