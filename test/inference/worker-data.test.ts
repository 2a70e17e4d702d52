/** Workers are spread evenly over the GPUs, also when some of them come and go. */
import { Config } from '../../src/config/config.js';
import { claimGpu, releaseGpu, workerDataOf } from '../../src/inference/worker-data.js';

const data = (gpus: string[], workers: number) =>
  workerDataOf(Object.assign(new Config(), { cudaDeviceIds: gpus, inferenceMaxWorkers: workers }));

test('each worker gets one GPU, in turn, and the rest of the configuration', () => {
  const given = data(['2', '5'], 4);
  const configs = [1, 2, 3, 4].map((id) => claimGpu(given, id));
  expect(configs.map(({ cudaDeviceIds }) => cudaDeviceIds)).toEqual([['2'], ['5'], ['2'], ['5']]);
  expect(configs[0]).toEqual({ ...new Config(), inferenceMaxWorkers: 4, cudaDeviceIds: ['2'] });
});

test('the place of a worker that ends is taken by the next', () => {
  const given = data(['0', '1'], 2);
  claimGpu(given, 1);
  claimGpu(given, 2);
  releaseGpu(given, 2);
  expect(claimGpu(given, 3).cudaDeviceIds).toEqual(['1']);
});

test('more threads than places still get a GPU', () => {
  const given = data(['0'], 1);
  expect([1, 2, 3].map((id) => claimGpu(given, id).cudaDeviceIds)).toEqual([['0'], ['0'], ['0']]);
});
