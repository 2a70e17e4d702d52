/** The likeliest of a set of labels. */

/** A label with its probability, 0…1. */
export interface Labelled<T> {
  readonly label: T;
  readonly confidence: number;
}

/** The label with the greatest probability; the first of equal ones. */
export function mostLikely<T>(probabilities: Float32Array, labels: readonly T[]): Labelled<T> {
  const best = probabilities.reduce((at, p, index) => (p > probabilities[at] ? index : at), 0);
  return { label: labels[best], confidence: probabilities[best] };
}
