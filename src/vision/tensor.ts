/** A dense array of floats with its shape: what stages and sessions exchange. */

/** Row-major 32-bit floats; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A tensor of zeros. */
export function zeros(...shape: number[]): Tensor {
  return { data: new Float32Array(shape.reduce((product, length) => product * length, 1)), shape };
}

/**
 * The part of one item of a batch of `count`, as a view of the same memory. It does not use the shape's first axis: a
 * graph for one image may omit the batch axis in its outputs.
 */
export function part(data: Float32Array, index: number, count: number): Float32Array {
  const length = data.length / count;
  return data.subarray(index * length, (index + 1) * length);
}

/** Softmax of raw scores; the result sums to 1. */
export function softmax(logits: Float32Array): Float32Array {
  const highest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = logits.map((value) => Math.exp(value - highest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}
