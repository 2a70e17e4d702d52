/** Where nodes ran, from real profiles of the CPU; some with the CPU's name replaced by CUDA's. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { applyTransforms } from '../../models/tools/apply-transforms.js';
import { node } from '../../models/tools/onnx-graph.js';
import { placementOf } from '../../src/sessions/profile-audit.js';
import { tinyGraph } from '../fixtures/tiny-graphs.js';

let folder: string;
let detector: string;
let shapes: string;

/** The profile of one real run on the CPU. */
async function profile(path: string, dims: number[]): Promise<string> {
  const prefix = join(await mkdtemp(join(folder, 'profile-')), 'p');
  const session = await InferenceSession.create(path, {
    executionProviders: ['cpu'],
    enableProfiling: true,
    profileFilePrefix: prefix,
  });
  const data = new Float32Array(dims.reduce((product, length) => product * length, 1));
  await session.run({ [session.inputNames[0]]: new Tensor('float32', data, dims) });
  session.endProfiling();
  await session.release();
  const [name] = await readdir(join(prefix, '..'));
  return readFile(join(prefix, '..', name), 'utf8');
}

/** The same profile as a GPU would leave it: the provider of the nodes that `isMoved` chooses is CUDA's. */
function onCuda(text: string, isMoved: (operator: string, index: number) => boolean): string {
  const events = JSON.parse(text) as { cat: string; args: { op_name: string; provider: string } }[];
  for (const [index, { cat, args }] of events.entries())
    if (cat === 'Node' && isMoved(args.op_name, index)) args.provider = 'CUDAExecutionProvider';
  return JSON.stringify(events);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profile-audit-'));
  detector = await profile('models/default/detector.onnx', [1, 3, 96, 128]);
  const fixed = tinyGraph(
    [1, 4],
    { y: [1, 4] },
    [
      node('Shape', ['input'], ['lengths']),
      node('Relu', ['input'], ['z']),
      node('Reshape', ['z', 'lengths'], ['y']),
    ],
    [],
  );
  // A fixed shape would be computed when the graph is loaded.
  const port = (name: string) => ({ from: name, name, shape: ['N', 4] });
  const graph = applyTransforms(fixed, [{ op: 'interface', inputs: [port('input')], outputs: [port('y')] }]);
  await writeFile(join(folder, 'shape.onnx'), graph);
  shapes = await profile(join(folder, 'shape.onnx'), [3, 4]);
});
afterAll(() => rm(folder, { recursive: true }));

test('a graph that ran on the CPU: every node that computes is named', () => {
  const { nodes, onCuda: moved, stray } = placementOf(detector);
  expect(nodes).toBeGreaterThan(50);
  expect(moved).toBe(0);
  expect(stray.filter(({ operator }) => operator === 'Conv').length).toBeGreaterThan(40);
  for (const { name, provider } of stray) {
    expect(name).toMatch(/./);
    expect(name).not.toMatch(/_kernel_time$/);
    expect(provider).toBe('CPUExecutionProvider');
  }
});

test('a graph that ran on the GPU: no stray node', () => {
  const { nodes, onCuda: moved, stray } = placementOf(onCuda(detector, () => true));
  expect([moved, stray]).toEqual([nodes, []]);
});

test('one node on the CPU among all others on the GPU is found', () => {
  const { stray } = placementOf(onCuda(detector, (operator) => operator !== 'Softmax'));
  expect(stray).toHaveLength(1);
  expect(stray[0]).toMatchObject({ operator: 'Softmax', provider: 'CPUExecutionProvider' });
});

test('computing a shape on the CPU is by design, computing with pixels is not', () => {
  const operators = placementOf(shapes).stray.map(({ operator }) => operator);
  expect(shapes).toContain('"Shape"');
  expect(operators).toEqual(expect.arrayContaining(['Relu', 'Reshape']));
  expect(operators).not.toContain('Shape');
});

test.each([
  ['many numbers', 'Gather', { int64: [1000] }],
  ['numbers that are no lengths', 'Concat', { float: [4] }],
  ['an operator that is not listed', 'NonZero', { int64: [4] }],
])('%s are no shape', (_, op_name, output) => {
  const args = { op_name, provider: 'CPUExecutionProvider', output_type_shape: [output] };
  expect(placementOf(JSON.stringify([{ cat: 'Node', name: 'x_kernel_time', args }])).stray).toEqual([
    { name: 'x', operator: op_name, provider: 'CPUExecutionProvider' },
  ]);
});

test('a node that ran twice counts once', () => {
  const events = JSON.parse(detector) as unknown[];
  expect(placementOf(JSON.stringify([...events, ...events]))).toEqual(placementOf(detector));
});

test('a profile that was cut off is an error, not an all-clear', () => {
  expect(() => placementOf(detector.slice(0, -100))).toThrow(SyntaxError);
});
