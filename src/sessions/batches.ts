/** Splits a list of items into runs of a model, so that memory stays bounded for any number of faces. */
import { part, type Tensor } from '../vision/tensor.js';
import type { Model } from './session-manager.service.js';

/** The outputs of one item, by name. */
export type Outputs = Record<string, Float32Array>;

/**
 * Runs a model over any number of items.
 * @param shape of one item, e.g. [3, 112, 112]
 * @param fill writes an item into a batch; `offset` is the index of the item's first float in `batch.data`
 * @param fetches outputs to compute; default: all
 * @returns the outputs of each item, in order
 */
export async function runInBatches<T>(
  model: Model,
  items: readonly T[],
  shape: readonly number[],
  fill: (item: T, batch: Tensor, offset: number) => void,
  fetches?: readonly string[],
): Promise<Outputs[]> {
  const outputs: Outputs[] = [];
  const size = model.maxBatch;
  for (let first = 0; first < items.length; first += size) {
    const some = items.slice(first, first + size);
    const rows = model.fewSizes ? Math.min(size, powerOfTwo(some.length)) : some.length;
    const run = await withInput([rows, ...shape], (batch) => {
      const length = batch.data.length / rows;
      for (const [index, item] of some.entries()) fill(item, batch, index * length);
      return model.run(batch, fetches);
    });
    const results = Object.entries(run);
    for (const index of some.keys()) {
      outputs.push(Object.fromEntries(results.map(([name, { data }]) => [name, part(data, index, rows)])));
    }
  }
  return outputs;
}

/** The input memory of this thread's last run; absent while a run uses it. */
let spare: Float32Array | undefined;

/**
 * Lends memory for an input, which still holds the previous input. Allocating new memory for each run, which the system
 * clears and the garbage collector frees, took a twentieth of a whole analysis.
 */
async function withInput<T>(shape: readonly number[], work: (input: Tensor) => Promise<T>): Promise<T> {
  const length = shape.reduce((product, side) => product * side, 1);
  const data = spare !== undefined && spare.length >= length ? spare : new Float32Array(length);
  spare = undefined;
  try {
    return await work({ data: data.subarray(0, length), shape });
  } finally {
    spare = data;
  }
}

/** The smallest power of two that is at least `count`. */
function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
