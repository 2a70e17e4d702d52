/** How the two probabilities of a candidate are combined; values worked out by hand. */
import { isDoubtful, rescoredConfidence } from '../../src/worker/rescoring.js';

const RULE = { minScore: 0.3, certainScore: 0.99, scoreWeight: 0.5, faceWeight: 1, bias: -1 };

test('only candidates that the detector is not certain of are rescored', () => {
  expect([0.3, 0.98, 0.99, 1].map((score) => isDoubtful(score, RULE))).toEqual([true, true, false, false]);
});

test('combines the log odds of both', () => {
  // logit(0.8) = 1.386, logit(0.9) = 2.197: 0.693 + 2.197 − 1 = 1.890.
  expect(rescoredConfidence(0.8, 0.9, RULE)).toBeCloseTo(1 / (1 + Math.exp(-1.8904)), 4);
  expect(rescoredConfidence(0.5, 0.5, { ...RULE, bias: 0 })).toBeCloseTo(0.5, 12);
});

test('stays a probability at the ends', () => {
  for (const score of [0, 1])
    for (const face of [0, 1]) {
      const confidence = rescoredConfidence(score, face, RULE);
      expect(confidence).toBeGreaterThanOrEqual(0);
      expect(confidence).toBeLessThanOrEqual(1);
    }
});
