/** Workers are spread evenly over the GPUs, also when some of them come and go. */
import { Config } from '../../src/config/config.js';
import { gpuSlots, releaseGpuSlot } from '../../src/inference/gpu-slots.js';
import { claimGpuSlot } from '../../src/worker/gpu-slot.js';
import type { WorkerData } from '../../src/worker/protocol.js';

function data(gpus: string[], workers: number): WorkerData {
  const config = Object.assign(new Config(), { cudaDeviceIds: gpus, inferenceMaxWorkers: workers });
  return { config, gpuSlots: gpuSlots(config) };
}

test('each worker gets one GPU, in turn, and the rest of the configuration', () => {
  const given = data(['2', '5'], 4);
  const configs = [1, 2, 3, 4].map((id) => claimGpuSlot(given, id));
  expect(configs.map(({ cudaDeviceIds }) => cudaDeviceIds)).toEqual([['2'], ['5'], ['2'], ['5']]);
  expect(configs[0]).toEqual({ ...new Config(), inferenceMaxWorkers: 4, cudaDeviceIds: ['2'] });
});

test('the slot of a worker that ends is taken by the next', () => {
  const given = data(['0', '1'], 2);
  claimGpuSlot(given, 1);
  claimGpuSlot(given, 2);
  releaseGpuSlot(given.gpuSlots, 2);
  expect(claimGpuSlot(given, 3).cudaDeviceIds).toEqual(['1']);
});

test('more threads than slots still get a GPU', () => {
  const given = data(['0'], 1);
  expect([1, 2, 3].map((id) => claimGpuSlot(given, id).cudaDeviceIds)).toEqual([['0'], ['0'], ['0']]);
});
