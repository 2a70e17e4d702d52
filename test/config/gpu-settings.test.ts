/** GPU settings. */
import { Config, withWorkersPerGpu } from '../../src/config/config.js';
import { readSettings } from '../../src/config/setting.js';

const read = (environment: NodeJS.ProcessEnv): Config =>
  withWorkersPerGpu(readSettings(Config, environment), environment);

test.each([
  ['cpu', '0'],
  ['cuda', '1'],
  ['cuda,cpu', '0,3'],
])('EXECUTION_PROVIDERS=%s is accepted', (providers, devices) => {
  const { executionProviders, cudaDeviceIds } = read({
    EXECUTION_PROVIDERS: providers,
    CUDA_DEVICE_IDS: devices,
  });
  expect([executionProviders, cudaDeviceIds]).toEqual([providers.split(','), devices.split(',')]);
});

test.each([
  [{ EXECUTION_PROVIDERS: 'cpu,cuda' }, /EXECUTION_PROVIDERS must name cpu last/],
  [{ EXECUTION_PROVIDERS: 'cuda,cuda' }, /EXECUTION_PROVIDERS/],
  [{ EXECUTION_PROVIDERS: ',' }, /EXECUTION_PROVIDERS/],
  [{ CUDA_DEVICE_IDS: 'first' }, /CUDA_DEVICE_IDS/],
  [{ CUDA_DEVICE_IDS: '-1' }, /CUDA_DEVICE_IDS/],
  [{ CUDA_DEVICE_IDS: '1,1' }, /CUDA_DEVICE_IDS/],
])('%j is refused', (environment, sentence) => {
  expect(() => read(environment)).toThrow(sentence);
});

test('with cuda there is one worker per GPU', () => {
  const { inferenceMinWorkers, inferenceMaxWorkers } = read({
    EXECUTION_PROVIDERS: 'cuda',
    CUDA_DEVICE_IDS: '0,1,2',
  });
  expect([inferenceMinWorkers, inferenceMaxWorkers]).toEqual([3, 3]);
});

test('unless the environment says otherwise', () => {
  const { inferenceMinWorkers, inferenceMaxWorkers } = read({
    EXECUTION_PROVIDERS: 'cuda,cpu',
    CUDA_DEVICE_IDS: '0,1,2',
    INFERENCE_MAX_WORKERS: '2',
  });
  expect([inferenceMinWorkers, inferenceMaxWorkers]).toEqual([2, 2]);
});

test('with cpu nothing changes', () => {
  expect(read({ CUDA_DEVICE_IDS: '0,1,2' })).toEqual({ ...new Config(), cudaDeviceIds: ['0', '1', '2'] });
});
