/** How similar two faces are. Pure functions, which the main thread uses too. */

/** A confidence curve; see `similarityToConfidence`. */
export interface ConfidenceParameters {
  readonly threshold: number;
  readonly steepness: number;
  readonly lowest: number;
  readonly middle: number;
  readonly highest: number;
}

/** The Euclidean norm; `Math.hypot` of 512 floats takes twenty times as long. */
export function normOf(vector: Float32Array): number {
  return Math.sqrt(scalarProduct(vector, vector));
}

/** The vector scaled to norm 1; a zero vector stays as it is. @param norm of the vector, where it is known */
export function normalise(vector: Float32Array, norm = normOf(vector)): Float32Array {
  return norm === 0 ? vector : vector.map((value) => value / norm);
}

/** Cosine similarity of two L2-normalised vectors of the same length, −1…1. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  return scalarProduct(a, b);
}

function scalarProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * A cosine similarity as a confidence, lowest…highest: lowest + (highest − lowest) · σ(steepness · (cosine − threshold)
 * + b), with b such that the threshold itself gives `middle`. The shape is InspireFace's published converter; with 0, ½
 * and 1 it is the plain logistic curve, whose two other parameters can be fitted to measured pairs.
 */
export function similarityToConfidence(
  cosine: number,
  { threshold, steepness, lowest, middle, highest }: ConfidenceParameters,
): number {
  const bias = -Math.log((highest - middle) / (middle - lowest));
  return lowest + (highest - lowest) / (1 + Math.exp(-(steepness * (cosine - threshold) + bias)));
}
