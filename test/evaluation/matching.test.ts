/** Which found boxes count as which known faces, worked out by hand. */
import { centresAgree, match } from '../../evaluation/matching.js';

const square = (x: number, y: number, side: number) => ({ x1: x, y1: y, x2: x + side, y2: y + side });
const certainly = (x: number, y: number, side: number) => ({ box: square(x, y, side), certain: true });

describe('match', () => {
  test('the box with the best score matches the face; a second box on it is wrong', () => {
    const found = [
      { box: square(2, 0, 100), score: 0.6 },
      { box: square(0, 0, 100), score: 0.9 },
    ];
    expect(match(found, [certainly(0, 0, 100)], 0.5)).toEqual([
      { ...found[1], verdict: 'face', known: 0 },
      { ...found[0], verdict: 'not' },
    ]);
  });

  test('a box on a doubtful face is neither right nor wrong, and a certain face is preferred', () => {
    const doubtful = { box: square(0, 0, 100), certain: false };
    const found = [{ box: square(0, 0, 100), score: 0.9 }];
    expect(match(found, [doubtful], 0.5)[0].verdict).toBe('ignore');
    expect(match(found, [doubtful, certainly(10, 0, 100)], 0.5)[0]).toMatchObject({
      verdict: 'face',
      known: 1,
    });
  });

  test('less than the required agreement is no match', () => {
    // Half of each box overlaps: 50 / 150.
    expect(match([{ box: square(50, 0, 100), score: 1 }], [certainly(0, 0, 100)], 0.34)[0].verdict).toBe(
      'not',
    );
    expect(match([{ box: square(50, 0, 100), score: 1 }], [certainly(0, 0, 100)], 0.33)[0].verdict).toBe(
      'face',
    );
  });
});

describe('centresAgree', () => {
  test('accepts a tight or a generous box', () => {
    expect(centresAgree(square(20, 20, 60), square(0, 0, 100))).toBe(1);
  });

  test('rejects half a face, and a box of more than twice the side', () => {
    expect(centresAgree(square(50, 0, 100), square(0, 0, 100))).toBe(0);
    expect(centresAgree(square(-60, -60, 220), square(0, 0, 100))).toBe(0);
  });
});
