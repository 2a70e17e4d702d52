/** Each part that a machine lacks for CUDA is reported with its remedy. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cudaProblems, type Machine, providerFile, thisMachine } from '../../src/sessions/cuda-machine.js';

const folder = mkdtempSync(join(tmpdir(), 'cuda-machine-'));
const installed = join(folder, 'libonnxruntime_providers_cuda.so');
writeFileSync(installed, '');
afterAll(() => rmSync(folder, { recursive: true }));

const machine = (facts: Partial<Machine>): Machine => ({
  platform: 'linux',
  arch: 'x64',
  provider: installed,
  finds: () => true,
  unresolved: () => [],
  ...facts,
});

test('a machine that has everything: nothing is reported', () => {
  expect(cudaProblems(machine({}))).toEqual([]);
});

test.each([
  ['darwin', 'arm64'],
  ['linux', 'arm64'],
  ['win32', 'x64'],
])('%s on %s is not supported: only that is reported', (platform, arch) => {
  const problems = cudaProblems(machine({ platform, arch, provider: '/nowhere', finds: () => false }));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(new RegExp(`this is ${platform} on ${arch}.*EXECUTION_PROVIDERS=cpu`));
});

test('no provider: the command that installs it', () => {
  const [problem, ...others] = cudaProblems(machine({ provider: join(folder, 'other.so') }));
  expect(problem).toMatch(/run `npm run cuda`/);
  expect(others).toEqual([]);
});

test('no driver: how a container gets one', () => {
  const problems = cudaProblems(machine({ finds: (library) => library !== 'libcuda.so.1' }));
  expect(problems).toEqual([expect.stringMatching(/driver is missing \(libcuda\.so\.1\).*--gpus all/)]);
});

test('before the provider is installed, its libraries are searched by name', () => {
  const problems = cudaProblems(machine({ provider: '/nowhere', finds: () => false }));
  expect(problems).toEqual([
    expect.stringMatching(/npm run cuda/),
    expect.stringMatching(/driver/),
    expect.stringMatching(/CUDA 12 are missing \(libcudart\.so\.12, libcublas\.so\.12/),
    expect.stringMatching(/cuDNN 9 is missing \(libcudnn\.so\.9\)/),
  ]);
});

test('once it is installed, its own links are checked, for another CUDA too', () => {
  const problems = cudaProblems(machine({ unresolved: () => ['libcudart.so.13', 'libcublas.so.13'] }));
  expect(problems).toEqual([
    expect.stringMatching(/CUDA 13 are missing \(libcudart\.so\.13, libcublas\.so\.13\).*LD_LIBRARY_PATH/),
  ]);
});

const onLinux = process.platform === 'linux' && process.arch === 'x64' ? test : test.skip;

onLinux('the real loader is asked', () => {
  const { finds, unresolved } = thisMachine();
  expect([finds('libc.so.6'), finds('libno-such-thing.so.1')]).toEqual([true, false]);
  const binding = join(dirname(providerFile()), 'onnxruntime_binding.node');
  expect(unresolved(binding)).toEqual([]);
  // Away from its folder it does not find the library it is linked with.
  copyFileSync(binding, join(folder, 'binding.node'));
  expect(unresolved(join(folder, 'binding.node'))).toEqual(['libonnxruntime.so.1']);
});
