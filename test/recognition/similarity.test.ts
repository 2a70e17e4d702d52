/** The similarity of two embeddings, and the confidence that follows from it. */
import { cosineSimilarity, normalise, similarityToConfidence } from '../../src/recognition/similarity.js';

describe('similarityToConfidence', () => {
  /** The parameters InspireFace publishes; the values follow from its formula by hand. */
  const curve = { threshold: 0.42, steepness: 8, lowest: 0.01, middle: 0.6, highest: 1 };

  test.each([
    [-0.2, 0.0201],
    [0.1, 0.1113],
    [0.3, 0.3673],
    [0.48, 0.7074],
    [0.7, 0.9334],
    [0.9, 0.9858],
  ])('cosine %f is confidence %f', (cosine, confidence) => {
    expect(similarityToConfidence(cosine, curve)).toBeCloseTo(confidence, 4);
  });

  test('the threshold itself gives the middle', () => {
    expect(similarityToConfidence(0.42, curve)).toBeCloseTo(0.6, 12);
  });

  test('rises from lowest to highest and never leaves them', () => {
    let last = curve.lowest;
    for (let cosine = -1; cosine <= 1; cosine += 0.05) {
      const confidence = similarityToConfidence(cosine, curve);
      expect(confidence).toBeGreaterThan(last);
      expect(confidence).toBeLessThan(curve.highest);
      last = confidence;
    }
  });

  test('with 0, ½ and 1 it is the logistic curve', () => {
    const logistic = { threshold: 0.3, steepness: 20, lowest: 0, middle: 0.5, highest: 1 };
    expect(similarityToConfidence(0.3, logistic)).toBeCloseTo(0.5, 12);
    expect(similarityToConfidence(0.4, logistic)).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  });
});

test('normalise gives norm 1 and keeps the direction', () => {
  const unit = normalise(Float32Array.of(3, 0, -4));
  expect([...unit]).toEqual([0.6, 0, -0.8].map(Math.fround));
});

test('normalise leaves a zero vector as it is', () => {
  expect([...normalise(Float32Array.of(0, 0))]).toEqual([0, 0]);
});

test('cosineSimilarity of unit vectors', () => {
  const [a, b] = [Float32Array.of(1, 0), Float32Array.of(0.6, 0.8)];
  expect(cosineSimilarity(a, a)).toBe(1);
  expect(cosineSimilarity(a, b)).toBeCloseTo(0.6, 6);
  expect(cosineSimilarity(a, Float32Array.of(0, 1))).toBe(0);
  expect(cosineSimilarity(a, Float32Array.of(-1, 0))).toBe(-1);
});
