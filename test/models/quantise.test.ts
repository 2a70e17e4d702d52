/** Graphs in 8 bits: what becomes of their operations, and that the answers stay what they were within a few steps. */
import { applyTransforms } from '../../models/tools/apply-transforms.js';
import { sha256 } from '../../models/tools/checksum.js';
import {
  AttributeType,
  DataType,
  type Node,
  readOnnx,
  type Tensor,
  writeOnnx,
} from '../../models/tools/onnx-file.js';
import { floatTensor, node } from '../../models/tools/onnx-graph.js';
import { scalingOf, integerWeights } from '../../models/tools/transforms/eight-bit.js';
import { measurable, type Ranges } from '../../models/tools/transforms/quantisable.js';
import { largestDifference, picture, run, session } from '../support/run-graphs.js';
import { depthwise, integers, noise, pointwise, tinyGraph } from '../fixtures/tiny-graphs.js';

const operations = (bytes: Uint8Array) => readOnnx(bytes).graph.node.map(({ op_type }) => op_type);
const ints = (name: string, values: number[]) => ({ name, type: AttributeType.ints, ints: values });
const axis = (i: number) => ({ name: 'axis', type: AttributeType.int, i });
const SHAPE = [1, 3, 8, 8];
const input = picture(1, 3, 8, 8, -1, 1);

/** The output of a graph in floats and in 8 bits, on the same input, and by how much they differ, as part of the largest. */
async function both(graph: Uint8Array, ranges: Ranges) {
  const quantised = applyTransforms(graph, [{ op: 'quantise', ranges }]);
  const { y: before } = await run(await session(graph), input, SHAPE);
  const { y: after } = await run(await session(quantised), input, SHAPE);
  if (before === undefined || after === undefined) throw new Error('The graphs give no y.');
  const error = largestDifference(before.data, after.data) / Math.max(...before.data.map(Math.abs));
  return { quantised, before, after, error };
}

/** The ranges that tensors have on that input. */
async function measured(graph: Uint8Array, after: string): Promise<Ranges> {
  const model = readOnnx(graph);
  const names = measurable(model.graph, after).filter((name) => name !== 'input' && name !== 'y');
  model.graph.output.push(
    ...names.map((name) => ({ name, type: { tensor_type: { elem_type: DataType.float } } })),
  );
  const tensors = { ...(await run(await session(writeOnnx(model)), input, SHAPE)), input: { data: input } };
  return Object.fromEntries(
    measurable(readOnnx(graph).graph, after).map((name) => {
      const data = tensors[name as keyof typeof tensors]?.data ?? [];
      return [name, [Math.min(...data), Math.max(...data)] as const];
    }),
  );
}

/** A constant whose bytes do not depend on how a machine computes a sine. */
function fractions(name: string, dims: number[]): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return floatTensor(
    name,
    dims,
    Array.from({ length: size }, (_, index) => ((index * 37 + 11 * name.length) % 64) / 64 - 0.5),
  );
}

describe('quantise', () => {
  const chain = tinyGraph(
    SHAPE,
    { y: [1, 6, 8, 8] },
    [
      pointwise('input', 'a', 'first'),
      node('Relu', ['a'], ['b']),
      depthwise('b', 'c', 'middle', 5),
      { ...pointwise('c', 'd', 'last'), input: ['c', 'last', 'bias'] },
      node('Mul', ['d', 'half'], ['e']),
      node('Relu', ['e'], ['y']),
    ],
    [
      fractions('first', [5, 3, 1, 1]),
      fractions('middle', [5, 1, 3, 3]),
      fractions('last', [6, 5, 1, 1]),
      fractions('bias', [6]),
      floatTensor('half', [], [0.5]),
    ],
  );

  it('replaces convolutions of known ranges, and what follows them, by 8-bit ones', async () => {
    const { quantised, before, after, error } = await both(chain, await measured(chain, 'input'));
    expect(operations(quantised)).toEqual([
      'QuantizeLinear',
      'QLinearConv',
      'QLinearConv',
      'QLinearConv',
      'DequantizeLinear',
    ]);
    expect(after.dims).toEqual(before.dims);
    expect(error).toBeLessThan(0.03);
  });

  it('keeps floats before the first tensor of known range', async () => {
    const { quantised, error } = await both(chain, await measured(chain, 'b'));
    expect(operations(quantised).slice(0, 3)).toEqual(['Conv', 'Relu', 'QuantizeLinear']);
    expect(error).toBeLessThan(0.03);
  });

  it('changes no result if no range is known', async () => {
    const { before, after } = await both(chain, {});
    expect(after.data).toEqual(before.data);
  });

  it('gives the same bytes on every machine', () => {
    const ranges = { input: [-1, 1], b: [0, 2], c: [-3, 3.3], y: [0, 2.5] } as const;
    const bytes = applyTransforms(chain, [{ op: 'quantise', ranges }]);
    expect(sha256(bytes)).toBe('d1ad1bd7eb6f6b78783cba4baa3aad7ebbf550f74491490964b64702f543b652');
  });

  it('adds and rearranges channels in 8 bits of one range', async () => {
    const split = (from: string, to: string[]): Node =>
      node('Split', [from], to, [axis(1), ints('split', [2, 2])]);
    const graph = tinyGraph(
      SHAPE,
      { y: [1, 2, 8, 8] },
      [
        pointwise('input', 'z', 'first'),
        node('Relu', ['z'], ['a']),
        node('Reshape', ['a', 'pairs'], ['b']),
        node('Transpose', ['b'], ['c'], [ints('perm', [0, 2, 1, 3, 4])]),
        node('Reshape', ['c', 'flat'], ['d']),
        split('d', ['e', 'f']),
        pointwise('f', 'g', 'second'),
        node('Relu', ['g'], ['h']),
        node('Concat', ['e', 'h'], ['i'], [axis(1)]),
        pointwise('i', 'j', 'third'),
        node('Add', ['j', 'e'], ['k']),
        node('Relu', ['k'], ['y']),
      ],
      [
        noise('first', [4, 3, 1, 1]),
        integers('pairs', [0, 2, 2, 8, 8]),
        integers('flat', [0, -1, 8, 8]),
        noise('second', [2, 2, 1, 1]),
        noise('third', [2, 4, 1, 1]),
      ],
    );
    const { quantised, error } = await both(graph, await measured(graph, 'input'));
    expect(operations(quantised)).toEqual([
      ...['QuantizeLinear', 'QLinearConv', 'Reshape', 'Transpose', 'Reshape', 'Split', 'QLinearConv'],
      ...['Concat', 'QLinearConv', 'QLinearAdd', 'DequantizeLinear'],
    ]);
    expect(error).toBeLessThan(0.04);
  });

  const bent = (slopes: readonly number[]) =>
    tinyGraph(
      SHAPE,
      { y: [1, 4, 8, 8] },
      [
        pointwise('input', 'a', 'first'),
        node('PRelu', ['a', 'slopes'], ['b']),
        depthwise('b', 'c', 'middle', 4),
        node('PRelu', ['c', 'slopes'], ['d']),
        pointwise('d', 'y', 'last'),
      ],
      [
        fractions('first', [4, 3, 1, 1]),
        fractions('middle', [4, 1, 3, 3]),
        fractions('last', [4, 4, 1, 1]),
        floatTensor('slopes', [4, 1, 1], slopes),
      ],
    );

  it('applies a PRelu with one slope per channel in 8 bits', async () => {
    const graph = bent([0.25, 0, -0.5, 1]);
    const { quantised, error } = await both(graph, await measured(graph, 'input'));
    expect(operations(quantised)).toEqual([
      ...['QuantizeLinear', 'QLinearConv', 'QLinearConv', 'Max'],
      ...['QLinearConv', 'QLinearConv', 'Max', 'QLinearConv', 'DequantizeLinear'],
    ]);
    expect(error).toBeLessThan(0.03);
  });

  it('keeps a PRelu with a slope above 1, because it is not a maximum', async () => {
    const graph = bent([0.25, 0, -0.5, 1.5]);
    const { quantised, error } = await both(graph, await measured(graph, 'input'));
    expect(operations(quantised).filter((op) => op === 'PRelu')).toHaveLength(2);
    expect(error).toBeLessThan(0.03);
  });

  it('keeps a Relu whose result shares its range with negative values', async () => {
    const graph = tinyGraph(
      SHAPE,
      { y: [1, 4, 8, 8] },
      [
        pointwise('input', 'a', 'first'),
        pointwise('input', 'b', 'second'),
        node('Relu', ['b'], ['c']),
        node('Concat', ['a', 'c'], ['d'], [axis(1)]),
        pointwise('d', 'y', 'third'),
      ],
      [noise('first', [2, 3, 1, 1]), noise('second', [2, 3, 1, 1]), noise('third', [4, 4, 1, 1])],
    );
    const { quantised, error } = await both(graph, await measured(graph, 'input'));
    expect(operations(quantised)).toContain('Relu');
    expect(error).toBeLessThan(0.03);
  });

  it("gives a detector's outputs, channels last, as floats that were not rounded to 8 bits", async () => {
    const graph = tinyGraph(
      SHAPE,
      { y: [1, 8, 8, 6] },
      [
        { ...pointwise('input', 'a', 'only'), input: ['input', 'only', 'bias'] },
        node('Transpose', ['a'], ['y'], [ints('perm', [0, 2, 3, 1])]),
      ],
      [noise('only', [6, 3, 1, 1]), noise('bias', [6])],
    );
    const { quantised, before, after } = await both(graph, { input: [-1, 1] });
    expect(operations(quantised)).toEqual(['QuantizeLinear', 'Transpose', 'MatMulIntegerToFloat']);
    expect(after.dims).toEqual(before.dims);
    // Three inputs, each half a step of 2/255 off, and weights of 1/64 of the largest.
    expect(largestDifference(before.data, after.data)).toBeLessThan(3 * (1 / 255 + 0.5 / 64));
    expect(new Set(after.data).size).toBeGreaterThan(256);
  });

  it('does not saturate even if every product has the largest value', async () => {
    const graph = tinyGraph(
      SHAPE,
      { y: [1, 1, 8, 8] },
      [pointwise('input', 'y', 'ones')],
      [floatTensor('ones', [1, 3, 1, 1], [1, 1, 1])],
    );
    const quantised = applyTransforms(graph, [{ op: 'quantise', ranges: { input: [0, 1], y: [0, 4] } }]);
    const { y } = await run(await session(quantised), new Float32Array(192).fill(1), SHAPE);
    expect(largestDifference(y?.data ?? [], new Array<number>(64).fill(3))).toBeLessThan(4 / 255);
  });
});

describe('numbers in 8 bits', () => {
  it.each([
    [[0, 5.1], 0],
    [[-1, 2], 85],
    [[1, 3], 0],
    [[-3, -1], 255],
  ] as const)('between %p have an integer for 0, and reach the ends', (range, zero) => {
    const scaling = scalingOf(range);
    expect(scaling.zero).toBe(zero);
    expect(scaling.scale * (255 - zero)).toBeCloseTo(Math.max(0, range[1]), 1);
  });

  it('represent a tensor of zeros', () => {
    expect(scalingOf([0, 0])).toEqual({ scale: 1, zero: 0 });
  });

  it('leave room in weights that mix channels for sums of two products in 16 bits', () => {
    const values = Float32Array.of(0.5, -2, 1, 0.25);
    const mixing = integerWeights(values, Float32Array.of(0, 0), 0.1, false);
    expect([...mixing.weights]).toEqual([16, -64, 64, 16]);
    expect(2 * 255 * 64).toBeLessThan(2 ** 15);
    expect([...integerWeights(values, Float32Array.of(0, 0), 0.1, true).weights]).toEqual([
      32, -127, 127, 32,
    ]);
  });

  it('represent a bias whose channel has almost no weights', () => {
    const { weights, scales, biases } = integerWeights(
      Float32Array.of(1e-20, 0),
      Float32Array.of(3, -2),
      0.1,
      false,
    );
    expect([...weights]).toEqual([0, 0]);
    for (const [channel, bias] of [3, -2].entries())
      expect((biases[channel] ?? 0) * (scales[channel] ?? 0) * 0.1).toBeCloseTo(bias, 5);
  });
});

describe('pairSoftmax', () => {
  const scores = (source: Node[], constants: Tensor[]) =>
    tinyGraph(
      SHAPE,
      { y: [1, 128, 2] },
      [
        ...source,
        node('Transpose', ['a'], ['b'], [ints('perm', [0, 2, 3, 1])]),
        node('Reshape', ['b', 'pairs'], ['c']),
        node('Softmax', ['c'], ['y'], [axis(2)]),
      ],
      [...constants, integers('pairs', [1, 128, 2])],
    );

  it('gives the same result as the softmax', async () => {
    const conv = { ...pointwise('input', 'a', 'only'), input: ['input', 'only', 'bias'] };
    const graph = scores([conv], [noise('only', [4, 3, 1, 1]), noise('bias', [4])]);
    const rewritten = applyTransforms(graph, [{ op: 'pairSoftmax' }]);
    expect(operations(rewritten)).toEqual(['Conv', 'Transpose', 'Reshape', 'Sigmoid']);
    const before = await run(await session(graph), input, SHAPE);
    const after = await run(await session(rewritten), input, SHAPE);
    expect(after['y']?.dims).toEqual([1, 128, 2]);
    expect(largestDifference(before['y']?.data ?? [], after['y']?.data ?? [])).toBeLessThan(1e-6);
  });

  it('refuses scores that come from something else', () => {
    const add = node('Concat', ['input', 'input'], ['a'], [axis(1)]);
    expect(() => applyTransforms(scores([add], []), [{ op: 'pairSoftmax' }])).toThrow(
      /does not come from a convolution/,
    );
  });
});
