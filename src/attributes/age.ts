/** A distribution over years → an age, its bracket and the probability of that bracket. */

/** The last year of the distribution; it includes all higher ages. */
export const OLDEST = 100;

/** The first year of each bracket. */
const BRACKET_STARTS = [0, 3, 10, 20, 30, 40, 50, 60, 70] as const;

/** The API's names of the brackets, youngest first. */
export const AGE_BRACKETS: readonly string[] = BRACKET_STARTS.map((start, index) => {
  const next = BRACKET_STARTS[index + 1];
  return next === undefined ? `more than ${start} years old` : `${start}-${next - 1} years old`;
});

/** An estimated age. */
export interface Age {
  /** Age in years; `null` where the model gives only the bracket. */
  readonly years: number | null;
  /** One of `AGE_BRACKETS`; the one that contains `years`, where these are known. */
  readonly bracket: string;
  /** Probability of the bracket, 0…1; `null` where the model gives none. */
  readonly confidence: number | null;
}

/**
 * The age with the least expected squared error. The bracket follows from it, so that the two never contradict each
 * other.
 * @param probabilities of the years 0…100, 101 floats
 */
export function estimateAge(probabilities: Float32Array): Age {
  const years = probabilities.reduce((sum, p, year) => sum + p * year, 0);
  const index = bracketIndex(years);
  const end = BRACKET_STARTS[index + 1] ?? OLDEST + 1;
  const confidence = probabilities.subarray(BRACKET_STARTS[index], end).reduce((sum, p) => sum + p, 0);
  return { years, bracket: AGE_BRACKETS[index], confidence: Math.min(1, confidence) };
}

/** The index of the bracket that an age, rounded to whole years, falls into. */
export function bracketIndex(years: number): number {
  return BRACKET_STARTS.findLastIndex((start) => Math.round(years) >= start);
}
