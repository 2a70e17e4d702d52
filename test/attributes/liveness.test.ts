/** The surroundings of a face that the liveness model is given, and what its outputs become. */
import { postprocess, surroundings } from '../../src/attributes/minifasnet.js';

const square = { width: 1000, height: 1000 };
const box = (
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): { x1: number; y1: number; x2: number; y2: number } => ({
  x1,
  y1,
  x2,
  y2,
});

test('the box times 2.7 about its centre where there is room', () => {
  // half of 100 · 2.7 is 135, about (500, 450)
  expect(surroundings(box(450, 400, 550, 500), square, 2.7)).toEqual(box(365, 315, 635, 585));
});

test.each([
  ['left', box(0, 400, 100, 500), box(0, 315, 270, 585)],
  ['top', box(400, 10, 500, 110), box(315, 0, 585, 270)],
  ['right', box(900, 400, 1000, 500), box(729, 315, 999, 585)],
  ['bottom', box(400, 880, 500, 980), box(315, 729, 585, 999)],
])('shifted inside the picture at its %s edge', (_, face, expected) => {
  const seen = surroundings(face, square, 2.7);
  for (const side of ['x1', 'y1', 'x2', 'y2'] as const) expect(seen[side]).toBeCloseTo(expected[side], 9);
});

test('scaled less where the picture is too small, by the tighter side', () => {
  // 999/800 in width, 999/400 in height: the width decides
  const seen = surroundings(box(100, 300, 900, 700), square, 2.7);
  expect(seen.x1).toBeCloseTo(0, 9);
  expect(seen.x2).toBeCloseTo(999, 9);
  expect(seen.y2 - seen.y1).toBeCloseTo((400 * 999) / 800, 9);
  expect((seen.y1 + seen.y2) / 2).toBeCloseTo(500, 9);
});

test('stays inside for any face of any picture', () => {
  for (let i = 0; i < 200; i++) {
    const [width, height] = [40 + i * 3, 500 - i * 2];
    const face = box((i * 7) % 20, (i * 5) % 30, 20 + ((i * 11) % 20), 30 + ((i * 13) % 60));
    const { x1, y1, x2, y2 } = surroundings(face, { width, height }, 2.7);
    expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(-1e-9);
    expect(x2).toBeLessThanOrEqual(width - 1 + 1e-9);
    expect(y2).toBeLessThanOrEqual(height - 1 + 1e-9);
  }
});

describe('the answer', () => {
  const logits = Float32Array.of(2, 1, 0);
  // e² ÷ (e² + e + 1) = 0.66524; its log odds are 2 − ln(e + 1) = 0.68674.
  test('is the softmax of the first class in a pack without calibration', () => {
    expect(postprocess([logits], {})).toBeCloseTo(0.66524, 5);
  });

  test('is calibrated by scale and bias of its log odds', () => {
    // 1 ÷ (1 + e^−(0.5 · 0.68674 + 1)) = 0.79304
    expect(postprocess([logits], { calibration: { scale: 0.5, bias: 1 } })).toBeCloseTo(0.79304, 5);
  });

  test('stays a number for logits of any size', () => {
    for (const [live, other, expected] of [
      [200, -200, 1],
      [-200, 200, 0],
    ])
      expect(postprocess([Float32Array.of(live, other, other)], {})).toBeCloseTo(expected, 12);
  });
});
