/** Probabilities of classes → the likeliest label. */

/** A label with its probability, 0…1. */
export interface Labelled<T> {
  readonly label: T;
  readonly confidence: number;
}

/** Merges classes with the same label: each label once, at its first index, with the sum of its probabilities. */
export function mergeEqual<T>(
  probabilities: Float32Array,
  labels: readonly T[],
): { probabilities: Float32Array; labels: readonly T[] } {
  const unique = [...new Set(labels)];
  const sums = new Float32Array(unique.length);
  for (const [index, label] of labels.entries()) sums[unique.indexOf(label)] += probabilities[index];
  return { probabilities: sums, labels: unique };
}

/** The label with the highest probability; the first of several with the same. */
export function mostLikely<T>(probabilities: Float32Array, labels: readonly T[]): Labelled<T> {
  const best = probabilities.reduce((at, p, index) => (p > probabilities[at] ? index : at), 0);
  return { label: labels[best], confidence: probabilities[best] };
}
