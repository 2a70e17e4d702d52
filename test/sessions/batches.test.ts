import { runInBatches } from '../../src/sessions/batches.js';
import type { Model } from '../../src/sessions/session-manager.service.js';

/** A model that doubles its input, when it is told to. */
function doubler(maxBatch: number): { model: Model; sizes: number[]; finish: () => void } {
  const sizes: number[] = [];
  const waiting: (() => void)[] = [];
  const model: Model = {
    outputs: ['twice'],
    maxBatch,
    fewSizes: false,
    run: async ({ data, shape }) => {
      sizes.push(shape[0]);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { twice: { data: data.map((value) => 2 * value), shape } };
    },
  };
  const finish = (): void => waiting.splice(0).forEach((resolve) => resolve());
  return { model, sizes, finish };
}

async function all(model: Model, items: readonly number[]): Promise<number[]> {
  const results = await runInBatches(model, items, [2], (item, { data }, offset) =>
    data.fill(item, offset, offset + 2),
  );
  return results.flatMap(({ twice }) => [...twice]);
}

describe('runs in batches', () => {
  it('gives the outputs of each item in order, from runs that are no larger than the model allows', async () => {
    const { model, sizes, finish } = doubler(2);
    const timer = setInterval(finish, 1);
    expect(await all(model, [1, 2, 3])).toEqual([2, 2, 4, 4, 6, 6]);
    expect(sizes).toEqual([2, 1]);
    clearInterval(timer);
  });

  it('keeps the inputs of simultaneous runs apart', async () => {
    const { model, finish } = doubler(8);
    const first = all(model, [1, 1, 1]);
    const second = all(model, [5, 5]);
    finish();
    expect(await first).toEqual([2, 2, 2, 2, 2, 2]);
    expect(await second).toEqual([10, 10, 10, 10]);
    const third = all(model, [7]);
    finish();
    expect(await third).toEqual([14, 14]);
  });
});
