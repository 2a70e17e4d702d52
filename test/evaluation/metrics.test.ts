/** Figures of merit against values worked out by hand. */
import { meanAbsolute, rankCorrelation } from '../../evaluation/metrics.js';

test('meanAbsolute does not let errors of opposite sign cancel', () => {
  expect(meanAbsolute([-3, 1, 2])).toBe(2);
});

describe('rankCorrelation', () => {
  test('is 1 for any rising relation, −1 for any falling one', () => {
    expect(rankCorrelation([1, 2, 3, 4], [1, 10, 11, 1000])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, -90])).toBeCloseTo(-1, 12);
  });

  test('of two swapped neighbours is 1 − 6·Σd²/(n·(n²−1))', () => {
    // d = 0, 1, −1, 0: 1 − 12/60
    expect(rankCorrelation([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8, 12);
  });

  test('gives ties the mean of their ranks', () => {
    // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: covariance 4.5/4, variances 4.5/4 and 5/4.
    expect(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(Math.sqrt(4.5 / 5), 12);
  });
});
