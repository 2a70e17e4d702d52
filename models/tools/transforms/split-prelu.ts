/**
 * Transform `splitPRelu`: writes PRelu with operations that ONNX Runtime runs in its blocked channel layout.
 * PRelu has no kernel for that layout, so each one costs two layout changes; the blocked form of the same function is
 *   PRelu(x; a) = a·x + (1 − a)·Relu(x)
 * with the two products written as BatchNormalization, which is a scale per channel.
 *
 * Between two convolutions one product is enough: the convolution before gives z = |1 − a|·x instead of x, and
 *   PRelu(x; a) = ±(Relu(z) + t·z),   t = a / (1 − a),
 * where the sign is that of 1 − a and goes into the convolution after. Where that one halves the picture, it takes
 * Relu(z) and z separately, which is cheaper than the product on all of z.
 */
import { AttributeType, type Graph, type Node, toNumber } from '../onnx-file.js';
import {
  constantOf,
  consumersOf,
  floatsOf,
  floatTensor,
  integerAttribute,
  node,
  producerOf,
  rewriteNodes,
} from '../onnx-graph.js';

/** `{ "op": "splitPRelu" }` */
export interface SplitPReluTransform {
  readonly op: 'splitPRelu';
}

/** If a slope is closer to 1 than this, dividing by the difference would cost accuracy. */
const MIN_DIFFERENCE = 1e-3;

/** Rewrites each PRelu whose slope is a constant per channel (C×1×1); others are left as they are. */
export function splitPRelu(graph: Graph): void {
  const ratios = new Map<Node, Float32Array>();
  for (const each of graph.node) {
    const slope = slopeOf(graph, each);
    const ratio = slope && scaleBefore(graph, each, slope);
    if (ratio !== undefined) ratios.set(each, ratio);
  }
  rewriteNodes(graph, (each) => {
    const slope = slopeOf(graph, each);
    if (slope === undefined) return takeApart(graph, each, ratios);
    const ratio = ratios.get(each);
    if (ratio === undefined) return split(graph, each, slope);
    return consumersOf(graph, outputOf(each)).every(shrinks)
      ? [reluOf(each)]
      : splitScaled(graph, each, ratio);
  });
}

function slopeOf(graph: Graph, { op_type: op, input }: Node): Float32Array | undefined {
  if (op !== 'PRelu') return undefined;
  const tensor = constantOf(graph, input[1] ?? '');
  const [channels, ...rest] = tensor?.dims.map(String) ?? [];
  const perChannel = channels !== undefined && rest.length === 2 && rest.every((size) => size === '1');
  return tensor !== undefined && perChannel ? floatsOf(tensor) : undefined;
}

/** a·x + (1 − a)·Relu(x) */
function split(graph: Graph, prelu: Node, slope: Float32Array): Node[] {
  const y = outputOf(prelu);
  const positive = slope.map((a) => 1 - a);
  return [
    reluOf(prelu),
    scaleChannels(graph, reluName(prelu), `${y}_positive`, positive),
    scaleChannels(graph, prelu.input[0], `${y}_linear`, slope),
    node('Add', [`${y}_positive`, `${y}_linear`], [y]),
  ];
}

/** t·z + Relu(z) */
function splitScaled(graph: Graph, prelu: Node, ratio: Float32Array): Node[] {
  const y = outputOf(prelu);
  return [
    reluOf(prelu),
    scaleChannels(graph, prelu.input[0], `${y}_linear`, ratio),
    node('Add', [`${y}_linear`, reluName(prelu)], [y]),
  ];
}

/** A convolution that reads t·z + Relu(z) and shrinks it, as two that each read one of them. */
function takeApart(graph: Graph, conv: Node, ratios: ReadonlyMap<Node, Float32Array>): Node[] | undefined {
  const prelu = producerOf(graph, conv.input[0] ?? '');
  const ratio = prelu && ratios.get(prelu);
  if (prelu === undefined || ratio === undefined || !shrinks(conv)) return undefined;
  const [, weights, ...bias] = conv.input;
  const y = outputOf(conv);
  const linear = `${weights}_linear`;
  copyConstant(graph, weights, linear);
  scaleAlong(graph, linear, 0, ratio);
  return [
    { ...conv, name: '', input: [reluName(prelu), weights], output: [`${y}_positive`] },
    { ...conv, name: '', input: [prelu.input[0], linear, ...bias], output: [`${y}_linear`] },
    node('Add', [`${y}_positive`, `${y}_linear`], [y]),
  ];
}

/**
 * Changes the convolution before a PRelu to give z, and the one after to apply the sign.
 * @returns t of each channel; undefined, without any change, where the PRelu does not lie between two convolutions
 */
function scaleBefore(graph: Graph, prelu: Node, slope: Float32Array): Float32Array | undefined {
  const [x = ''] = prelu.input;
  const y = outputOf(prelu);
  const before = producerOf(graph, x);
  const [after] = consumersOf(graph, y);
  if (before === undefined || after === undefined) return undefined;
  const isBetween = [x, y].every((name) => isReadOnce(graph, name)) && [before, after].every(isConvolution);
  const constants = [...before.input.slice(1), ...after.input.slice(1, 2)];
  const areTheirs = constants.every(
    (name) => constantOf(graph, name) !== undefined && isReadOnce(graph, name),
  );
  if (!isBetween || !areTheirs || slope.some((a) => Math.abs(1 - a) < MIN_DIFFERENCE)) return undefined;
  const size = slope.map((a) => Math.abs(1 - a));
  const sign = slope.map((a) => Math.sign(1 - a));
  for (const name of before.input.slice(1)) scaleAlong(graph, name, 0, size);
  scaleAlong(graph, after.input[1], isDepthwise(after) ? 0 : 1, sign);
  return slope.map((a) => a / (1 - a));
}

function isReadOnce(graph: Graph, name: string): boolean {
  return consumersOf(graph, name).length === 1 && !graph.output.some((output) => output.name === name);
}

function isConvolution({ op_type: op }: Node): boolean {
  return op === 'Conv';
}

function isDepthwise(conv: Node): boolean {
  return (integerAttribute(conv, 'group') ?? 1) > 1;
}

/** Whether it is a depthwise convolution with a stride: cheaper twice than one product on all it reads. */
function shrinks(each: Node): boolean {
  const strides = each.attribute.find(({ name }) => name === 'strides')?.ints ?? [];
  return isConvolution(each) && isDepthwise(each) && strides.some((stride) => toNumber(stride) > 1);
}

function outputOf({ output: [name = ''] }: Node): string {
  return name;
}

function reluName(prelu: Node): string {
  return `${outputOf(prelu)}_relu`;
}

function reluOf(prelu: Node): Node {
  return node('Relu', [prelu.input[0]], [reluName(prelu)]);
}

/** y = scale·x per channel, as a BatchNormalization with mean 0, variance 1 and no epsilon. */
function scaleChannels(graph: Graph, x: string, y: string, scale: Float32Array): Node {
  const channels = scale.length;
  graph.initializer = [...graph.initializer, floatTensor(`${y}_scale`, [channels], scale)];
  const parameters = [
    `${y}_scale`,
    vector(graph, channels, 0),
    vector(graph, channels, 0),
    vector(graph, channels, 1),
  ];
  return node(
    'BatchNormalization',
    [x, ...parameters],
    [y],
    [{ name: 'epsilon', type: AttributeType.float, f: 0 }],
  );
}

/** The name of a shared constant with `channels` times the same value. */
function vector(graph: Graph, channels: number, value: 0 | 1): string {
  const name = `all_${value}_${channels}`;
  if (constantOf(graph, name) === undefined) {
    graph.initializer = [
      ...graph.initializer,
      floatTensor(name, [channels], new Float32Array(channels).fill(value)),
    ];
  }
  return name;
}

function copyConstant(graph: Graph, from: string, to: string): void {
  const tensor = constantOf(graph, from);
  if (tensor !== undefined) graph.initializer = [...graph.initializer, { ...tensor, name: to }];
}

/** Multiplies each slice of a constant along one axis by a factor. */
function scaleAlong(graph: Graph, name: string, axis: number, factors: Float32Array): void {
  const tensor = constantOf(graph, name);
  if (tensor === undefined) return;
  const dims = tensor.dims.map(toNumber);
  const slice = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const scaled = floatsOf(tensor).map(
    (value, index) => value * factors[Math.floor(index / slice) % factors.length],
  );
  Object.assign(tensor, floatTensor(name, dims, scaled));
}
