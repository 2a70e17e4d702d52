/** Splits a list of items into runs of a model, so that memory stays bounded however many faces there are. */
import { part, type Tensor, zeros } from '../vision/tensor.js';
import type { Model } from './session-manager.service.js';

/** Most items of one run; past this a CPU gains nothing and activations only grow. */
const MAX_BATCH = 16;

/** The outputs of one item, by name. */
export type Outputs = Record<string, Float32Array>;

/**
 * Runs a model over any number of items.
 * @param shape of one item, e.g. [3, 112, 112]
 * @param fill writes an item into a batch, from `offset` on
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
  const size = Math.min(MAX_BATCH, model.maxBatch);
  for (let first = 0; first < items.length; first += size) {
    const some = items.slice(first, first + size);
    const batch = zeros(some.length, ...shape);
    const length = batch.data.length / some.length;
    for (const [index, item] of some.entries()) fill(item, batch, index * length);
    const results = Object.entries(await model.run(batch, fetches));
    for (const index of some.keys()) {
      outputs.push(
        Object.fromEntries(results.map(([name, { data }]) => [name, part(data, index, some.length)])),
      );
    }
  }
  return outputs;
}
