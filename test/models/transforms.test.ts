import { applyTransforms } from '../../models/tools/apply-transforms.js';
import { readOnnx, type Tensor } from '../../models/tools/onnx-file.js';
import { floatsOf, floatTensor, node } from '../../models/tools/onnx-graph.js';
import { concat, largestDifference, picture, run, session } from '../support/run-graphs.js';
import { depthwise, integers, noise, pointwise, tinyGraph } from '../fixtures/tiny-graphs.js';

/** Operations of the graph, in their order. */
const operations = (bytes: Uint8Array) => readOnnx(bytes).graph.node.map(({ op_type }) => op_type);

describe('reading a graph', () => {
  it('refuses what is not an ONNX model', () => {
    expect(() => readOnnx(Buffer.from('<html>not found</html>'))).toThrow(/not an ONNX model|without loss/);
  });

  it('refuses a model with a field that would be lost', () => {
    const graph = tinyGraph([1, 2], { y: [1, 2] }, [node('Relu', ['input'], ['y'])], []);
    // Field 20 of ModelProto (training_info), empty: key 20 << 3 | 2 as a varint, then the length 0.
    expect(() => readOnnx(Buffer.concat([graph, Buffer.from([0xa2, 0x01, 0x00])]))).toThrow(/without loss/);
  });
});

describe('splitPRelu', () => {
  const slopes = [0.25, -0.5, 1.5];
  const graph = tinyGraph(
    [1, 3, 1, 2],
    { y: [1, 3, 1, 2] },
    [node('PRelu', ['input', 'slope'], ['y'])],
    [floatTensor('slope', [3, 1, 1], slopes)],
  );

  it('keeps positive values and scales negative ones by the slope of their channel', async () => {
    const split = await session(applyTransforms(graph, [{ op: 'splitPRelu' }]));
    const { y } = await run(split, Float32Array.of(2, -2, 4, -4, 8, -8), [1, 3, 1, 2]);
    expect([...(y?.data ?? [])]).toEqual([2, -0.5, 4, 2, 8, -12]);
  });

  it('leaves no PRelu and no unused constant', () => {
    const result = applyTransforms(graph, [{ op: 'splitPRelu' }]);
    expect(operations(result)).toEqual(['Relu', 'BatchNormalization', 'BatchNormalization', 'Add']);
    expect(readOnnx(result).graph.initializer.map(({ name }) => name)).not.toContain('slope');
  });

  it('keeps a PRelu whose slope is not one constant per channel', () => {
    const computed = tinyGraph([1, 3], { y: [1, 3] }, [node('PRelu', ['input', 'input'], ['y'])], []);
    expect(operations(applyTransforms(computed, [{ op: 'splitPRelu' }]))).toEqual(['PRelu']);
  });
});

describe('splitPRelu between convolutions', () => {
  // A slope above 1 turns a sign, one of 1 forbids the division.
  const graphOf = (slopes: readonly number[], strides: readonly number[]) =>
    tinyGraph(
      [1, 3, 8, 8],
      { y: [1, 2, 8 / (strides[0] ?? 1), 8 / (strides[1] ?? 1)] },
      [
        { ...pointwise('input', 'a', 'first'), input: ['input', 'first', 'bias'] },
        node('PRelu', ['a', 'slope'], ['b']),
        depthwise('b', 'c', 'middle', slopes.length, strides),
        node('PRelu', ['c', 'slope2'], ['d']),
        pointwise('d', 'y', 'last'),
      ],
      [
        noise('first', [slopes.length, 3, 1, 1]),
        noise('bias', [slopes.length]),
        floatTensor('slope', [slopes.length, 1, 1], slopes),
        noise('middle', [slopes.length, 1, 3, 3]),
        floatTensor('slope2', [slopes.length, 1, 1], slopes),
        noise('last', [2, slopes.length, 1, 1]),
      ],
    );
  const input = picture(1, 3, 8, 8, -1, 1);

  it.each([
    ['scales each PRelu once', [0.25, -0.5, 1.5, 0], [1, 1], ['Conv', 'Relu', 'BatchNormalization', 'Add']],
    [
      'does not scale across a convolution of stride 2',
      [0.25, -0.5, 1.5, 0],
      [2, 2],
      ['Conv', 'Relu', 'Conv', 'Conv', 'Add'],
    ],
    [
      'scales twice where a slope is 1',
      [0.25, 1, 1.5, 0],
      [1, 1],
      ['Conv', 'Relu', 'BatchNormalization', 'BatchNormalization', 'Add'],
    ],
  ])('%s, and changes no result', async (_, slopes, strides, begins) => {
    const graph = graphOf(slopes, strides);
    const split = applyTransforms(graph, [{ op: 'splitPRelu' }]);
    expect(operations(split).slice(0, begins.length)).toEqual(begins);
    expect(operations(split)).not.toContain('PRelu');
    const before = await run(await session(graph), input, [1, 3, 8, 8]);
    const after = await run(await session(split), input, [1, 3, 8, 8]);
    expect(largestDifference(before['y']?.data ?? [], after['y']?.data ?? [])).toBeLessThan(1e-5);
  });
});

describe('dropConstantChannels', () => {
  const CHANNELS = 5;
  /** Scales the weights of single channels of a constant. */
  const withered = (name: string, dims: readonly number[], factors: Readonly<Record<number, number>>) => {
    const values = floatsOf(noise(name, dims));
    const size = values.length / CHANNELS;
    return floatTensor(
      name,
      dims,
      values.map((value, index) => value * (factors[Math.floor(index / size)] ?? 1)),
    );
  };
  const graphOf = (first: Tensor, middle: Tensor) =>
    tinyGraph(
      [1, 3, 8, 8],
      { y: [1, 2, 8, 8] },
      [
        { ...pointwise('input', 'a', 'first'), input: ['input', 'first', 'bias1'] },
        node('PRelu', ['a', 'slope'], ['b']),
        { ...depthwise('b', 'c', 'middle', CHANNELS), input: ['b', 'middle', 'bias2'] },
        node('Relu', ['c'], ['d']),
        { ...pointwise('d', 'y', 'last'), input: ['d', 'last', 'bias3'] },
      ],
      [
        first,
        floatTensor('bias1', [CHANNELS], [0.5, 0, 0.25, -0.5, 1]),
        noise('slope', [CHANNELS, 1, 1]),
        middle,
        floatTensor('bias2', [CHANNELS], [0.5, 0.75, -0.25, 0.5, 1]),
        noise('last', [2, CHANNELS, 1, 1]),
        noise('bias3', [2]),
      ],
    );
  const FIRST = [CHANNELS, 3, 1, 1];
  const MIDDLE = [CHANNELS, 1, 3, 3];
  const widths = (bytes: Uint8Array) =>
    readOnnx(bytes)
      .graph.initializer.filter(({ name }) => name === 'last')
      .map(({ dims }) => Number(String(dims[1])));
  const input = picture(1, 3, 8, 8, -1, 1);

  it('drops channels whose weights are nearly zero, and adds their constants to the next convolution', async () => {
    const graph = graphOf(
      withered('first', FIRST, { 1: 1e-9 }),
      withered('middle', MIDDLE, { 0: 1e-12, 4: 0 }),
    );
    const dropped = applyTransforms(graph, [{ op: 'dropConstantChannels' }]);
    expect(widths(dropped)).toEqual([2]);
    const before = await run(await session(graph), input, [1, 3, 8, 8]);
    const after = await run(await session(dropped), input, [1, 3, 8, 8]);
    expect(largestDifference(before['y']?.data ?? [], after['y']?.data ?? [])).toBeLessThan(1e-6);
  });

  it('keeps a constant that the next convolution pads with zeros', () => {
    // Channel 0 is 0.5 before the 3×3 convolution, so that its border differs from its middle.
    const graph = graphOf(withered('first', FIRST, { 0: 0 }), noise('middle', MIDDLE));
    expect(applyTransforms(graph, [{ op: 'dropConstantChannels' }])).toEqual(applyTransforms(graph, []));
  });

  it('keeps what is small but not lost in rounding', () => {
    const graph = graphOf(withered('first', FIRST, { 1: 1e-4 }), withered('middle', MIDDLE, { 2: 1e-4 }));
    expect(widths(applyTransforms(graph, [{ op: 'dropConstantChannels' }]))).toEqual([CHANNELS]);
  });
});

describe('padChannels', () => {
  const nodes = [
    pointwise('input', 'a', 'first'),
    node('PRelu', ['a', 'slope'], ['b']),
    depthwise('b', 'c', 'middle', 5),
    pointwise('c', 'y', 'last'),
  ];
  const constants = [
    noise('first', [5, 3, 1, 1]),
    noise('slope', [5, 1, 1]),
    noise('middle', [5, 1, 3, 3]),
    noise('last', [2, 5, 1, 1]),
  ];
  const graph = tinyGraph([1, 3, 8, 8], { y: [1, 2, 8, 8] }, nodes, constants);

  it('widens inner channels to 16 without changing the result', async () => {
    const padded = applyTransforms(graph, [{ op: 'padChannels' }]);
    const input = picture(1, 3, 8, 8, -1, 1);
    const before = await run(await session(graph), input, [1, 3, 8, 8]);
    const after = await run(await session(padded), input, [1, 3, 8, 8]);
    expect(readOnnx(padded).graph.initializer.map(({ dims }) => dims.map(String).join('×'))).toEqual([
      '16×3×1×1',
      '16×1×1',
      '16×1×3×3',
      '2×16×1×1',
    ]);
    expect(largestDifference(before['y']?.data ?? [], after['y']?.data ?? [])).toBeLessThan(1e-6);
  });

  it('does not change channels that are an output or that another operation reads', () => {
    const asOutput = tinyGraph([1, 3, 8, 8], { y: [1, 2, 8, 8], c: [1, 5, 8, 8] }, nodes, constants);
    expect(applyTransforms(asOutput, [{ op: 'padChannels' }])).toEqual(applyTransforms(asOutput, []));
    const readTwice = tinyGraph(
      [1, 3, 8, 8],
      { y: [1, 2, 8, 8], z: [1, 5, 1, 1] },
      [...nodes, node('GlobalAveragePool', ['c'], ['z'])],
      constants,
    );
    expect(applyTransforms(readTwice, [{ op: 'padChannels' }])).toEqual(applyTransforms(readTwice, []));
  });

  it('does not change weights that two convolutions share', () => {
    const shared = tinyGraph(
      [1, 5, 8, 8],
      { y: [1, 5, 8, 8] },
      [pointwise('input', 'a', 'weights'), pointwise('a', 'y', 'weights')],
      [noise('weights', [5, 5, 1, 1])],
    );
    expect(applyTransforms(shared, [{ op: 'padChannels' }])).toEqual(applyTransforms(shared, []));
  });
});

describe('dynamicBatch and interface', () => {
  const graph = tinyGraph(
    [1, 2, 2, 2],
    { y: [1, 8] },
    [node('Relu', ['input'], ['inner']), node('Reshape', ['inner', 'flat'], ['y'])],
    [integers('flat', [1, 8])],
  );
  const port = (from: string, name: string, shape: (number | string)[]) => ({ from, name, shape });
  const inputs = [port('input', 'input', ['N', 2, 2, 2])];

  it('accept several images at once, and give an inner tensor as a second output', async () => {
    const result = applyTransforms(graph, [
      { op: 'dynamicBatch' },
      {
        op: 'interface',
        inputs,
        outputs: [port('y', 'flat_y', ['N', 8]), port('inner', 'map', ['N', 2, 2, 2])],
      },
    ]);
    const images = concat([Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), new Float32Array(8).fill(-1)]);
    const { flat_y: y, map } = await run(await session(result), images, [2, 2, 2, 2]);
    expect(y?.dims).toEqual([2, 8]);
    expect(map?.dims).toEqual([2, 2, 2, 2]);
    expect([...(map?.data ?? [])]).toEqual([...images].map((value) => Math.max(0, value)));
  });

  it('drop what no output needs', () => {
    const outputs = [port('inner', 'inner', ['N', 2, 2, 2])];
    const result = applyTransforms(graph, [{ op: 'interface', inputs, outputs }]);
    expect(operations(result)).toEqual(['Relu']);
    expect(readOnnx(result).graph.initializer).toEqual([]);
  });

  it('name the tensor that a graph does not have', () => {
    const outputs = [port('nowhere', 'y', ['N', 8])];
    expect(() => applyTransforms(graph, [{ op: 'interface', inputs, outputs }])).toThrow(
      /no tensor "nowhere"/,
    );
  });

  it('refuse a name that is taken', () => {
    const outputs = [port('y', 'inner', ['N', 8])];
    expect(() => applyTransforms(graph, [{ op: 'interface', inputs, outputs }])).toThrow(
      /cannot be renamed to "inner"/,
    );
  });
});
