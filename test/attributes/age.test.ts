/** From a distribution over years to an age and its bracket; values worked out by hand. */
import { AGE_BRACKETS, bracketIndex, estimateAge } from '../../src/attributes/age.js';

/** A distribution with the given probabilities at some years. */
function distribution(years: Record<number, number>): Float32Array {
  const probabilities = new Float32Array(101);
  for (const [year, p] of Object.entries(years)) probabilities[Number(year)] = p;
  return probabilities;
}

test('the brackets are those of the API', () => {
  expect(AGE_BRACKETS).toEqual([
    '0-2 years old',
    '3-9 years old',
    '10-19 years old',
    '20-29 years old',
    '30-39 years old',
    '40-49 years old',
    '50-59 years old',
    '60-69 years old',
    'more than 70 years old',
  ]);
});

test.each([
  [0, 0],
  [2.4, 0],
  [2.6, 1],
  [9.4, 1],
  [9.6, 2],
  [29.4, 3],
  [69.6, 8],
  [100, 8],
])('%f years lie in bracket %i', (years, index) => {
  expect(bracketIndex(years)).toBe(index);
});

test('the age is the expectation, its bracket follows, and the confidence is the sum over the bracket', () => {
  const { years, bracket, confidence } = estimateAge(distribution({ 25: 0.5, 28: 0.25, 34: 0.25 }));
  expect(years).toBeCloseTo(28, 5);
  expect(bracket).toBe('20-29 years old');
  expect(confidence).toBeCloseTo(0.75, 6);
});

test('the last bracket has no end', () => {
  expect(estimateAge(distribution({ 90: 0.5, 100: 0.5 }))).toMatchObject({
    bracket: 'more than 70 years old',
    confidence: 1,
  });
});
