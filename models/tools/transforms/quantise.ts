/**
 * Transform `quantise`: makes the convolutions of a graph compute with 8-bit integers instead of floats.
 *
 * A tensor whose range is known, measured on pictures (`npm run train -- eight-bit`), is held in 8 bits. An operation
 * whose inputs and output have known ranges becomes its 8-bit form of ONNX or ONNX Runtime. All others stay as they
 * are, with QuantizeLinear and DequantizeLinear in between. Inputs and outputs of the graph stay floats.
 *
 * - Conv → QLinearConv, together with a Mul by one number and a Relu after it: the 8 bits end where Relu begins.
 * - Add → QLinearAdd, likewise with its Relu.
 * - PRelu → the larger of x and slope·x, the product being a QLinearConv with one weight per channel. The two share one
 *   range.
 * - Reshape, Transpose, Split and Concat only move values: their inputs and outputs share one range.
 * - A 1×1 Conv whose result has no known range, but is transposed to channels last, gives floats: it is a network's
 *   answer.
 */
import { AttributeType, DataType, type Graph, type Model, type Node, toNumber } from '../onnx-file.js';
import { constantOf, floatsOf, floatTensor, int32Tensor, integerAttribute, node } from '../onnx-graph.js';
import { type Range, scalingOf, type IntegerWeights, integerWeights } from './eight-bit.js';
import {
  type Joined,
  joinedWith,
  movedBy,
  passedOn,
  type Ranges,
  slopeOf,
  transposeAfter,
} from './quantisable.js';

/**
 * `{ "op": "quantise", "ranges": "<file>.json" }`: a file of the pack's folder that holds
 * `{ "<tensor>": [lowest, highest], … }`.
 */
export interface QuantiseTransform {
  readonly op: 'quantise';
  readonly ranges: Ranges;
}

/** Domain of ONNX Runtime's own operations. */
const RUNTIME = 'com.microsoft';
/**
 * Has QLinearConv, and still the Unsqueeze, Split and Softmax of version 9, which the graphs use. From 12 on, ONNX
 * Runtime moves a QuantizeLinear before a MaxPool, and its 8-bit MaxPool takes eight times as long as the one of
 * floats.
 */
const OPSET = 11;
/** Has an 8-bit Max; for graphs that need it, none of which has a MaxPool. */
const OPSET_WITH_MAX = 12;
/** The zero point that all weights share. */
const WEIGHT_ZERO = 'weight_zero';

/** Rewrites every operation that the ranges allow. */
export function quantise(model: Model, { ranges }: QuantiseTransform): void {
  const others = model.opset_import.filter(({ domain }) => domain !== '' && domain !== RUNTIME);
  const { graph } = model;
  new Quantiser(graph, passedOn(graph, ranges)).rewrite();
  const version = graph.node.some(({ op_type: op }) => op === 'Max') ? OPSET_WITH_MAX : OPSET;
  model.opset_import = [...others, { domain: '', version }, { domain: RUNTIME, version: 1 }];
}

class Quantiser {
  private readonly nodes: Node[] = [];
  /** Nodes that were merged into others. */
  private readonly gone = new Set<Node>();
  /** Tensors that exist in 8 bits, and those that exist as floats too. */
  private readonly whole = new Set<string>();
  private readonly floats = new Set<string>();
  private readonly constants = new Set<string>();

  constructor(
    private readonly graph: Graph,
    private readonly ranges: ReadonlyMap<string, Range>,
  ) {
    for (const { name } of graph.input) this.floats.add(name);
  }

  rewrite(): void {
    for (const each of this.graph.node) {
      if (this.gone.has(each)) continue;
      if (this.convolution(each) || this.sum(each) || this.prelu(each) || this.move(each)) continue;
      for (const name of each.input) this.asFloats(name);
      this.nodes.push(each);
      for (const name of each.output) this.floats.add(name);
    }
    for (const { name } of this.graph.output) this.asFloats(name);
    this.graph.node = this.nodes;
  }

  private convolution(conv: Node): boolean {
    const [input = '', weights = '', bias = ''] = conv.input;
    const range = this.ranges.get(input);
    const tensor = constantOf(this.graph, weights);
    if (conv.op_type !== 'Conv' || range === undefined || tensor === undefined) return false;
    const joined = joinedWith(this.graph, conv);
    const transpose = transposeAfter(this.graph, conv);
    const isHeld = this.holds(joined);
    if (!isHeld && transpose === undefined) return false;

    const dims = tensor.dims.map(toNumber);
    const biases = constantOf(this.graph, bias);
    const whole = integerWeights(
      floatsOf(tensor).map((value) => value * joined.factor),
      (biases === undefined ? new Float32Array(dims[0]) : floatsOf(biases)).map(
        (value) => value * joined.factor,
      ),
      scalingOf(range).scale,
      (integerAttribute(conv, 'group') ?? 1) > 1 && dims[1] === 1,
    );
    if (isHeld || transpose === undefined) {
      this.quantisedConvolution(conv, whole, dims, joined.output, wholeName(joined.output));
      this.finish(joined);
    } else this.answer(conv, transpose, whole, dims[1]);
    return true;
  }

  /** Adds what all 8-bit weights need: a scale for each output channel, and the zero point. */
  private scales(weights: string, { scales }: IntegerWeights): void {
    this.constant(floatTensor(`${weights}_scale`, [scales.length], scales));
    this.constant({ name: WEIGHT_ZERO, dims: [], data_type: DataType.int8, raw_data: new Uint8Array(1) });
  }

  /**
   * @param whole its weights and biases as integers
   * @param scaled the tensor whose range the result has
   * @param output the name of the result
   */
  private quantisedConvolution(
    { input: [input = '', weights = ''], attribute }: Pick<Node, 'input' | 'attribute'>,
    whole: IntegerWeights,
    dims: number[],
    scaled: string,
    output: string,
  ): void {
    this.scales(weights, whole);
    this.constant(int8Tensor(`${weights}_whole`, dims, whole.weights));
    this.constant(int32Tensor(`${weights}_bias`, [dims[0]], whole.biases));
    const inputs = [
      ...this.whole8(input),
      `${weights}_whole`,
      `${weights}_scale`,
      WEIGHT_ZERO,
      ...this.scaling(scaled),
      `${weights}_bias`,
    ];
    this.nodes.push(node('QLinearConv', inputs, [output], attribute));
  }

  /** A 1×1 convolution and the Transpose after it as a matrix product whose result is floats. */
  private answer(conv: Node, transpose: Node, whole: IntegerWeights, inputs: number): void {
    const [input = '', name = '', bias = ''] = conv.input;
    const { weights, scales } = whole;
    this.scales(name, whole);
    const outputs = scales.length;
    const columns = weights.map(
      (_, index) => weights[(index % outputs) * inputs + Math.floor(index / outputs)],
    );
    this.constant(int8Tensor(`${name}_whole`, [inputs, outputs], columns));
    const [values, scale, zero] = this.whole8(input);
    const rows = `${values}_rows`;
    if (!this.whole.has(rows)) {
      this.nodes.push(node('Transpose', [values], [rows], transpose.attribute));
      this.whole.add(rows);
    }
    const parameters = [rows, `${name}_whole`, scale, `${name}_scale`, zero, WEIGHT_ZERO];
    const given = constantOf(this.graph, bias) === undefined ? parameters : [...parameters, bias];
    this.nodes.push({ ...node('MatMulIntegerToFloat', given, transpose.output), domain: RUNTIME });
    this.gone.add(transpose);
    for (const output of transpose.output) this.floats.add(output);
  }

  private sum(add: Node): boolean {
    const joined = joinedWith(this.graph, add);
    const areKnown = add.input.every((name) => this.ranges.has(name));
    if (add.op_type !== 'Add' || !areKnown || joined.factor !== 1 || !this.holds(joined)) return false;
    const inputs = [...add.input.flatMap((name) => this.whole8(name)), ...this.scaling(joined.output)];
    this.nodes.push({ ...node('QLinearAdd', inputs, [wholeName(joined.output)]), domain: RUNTIME });
    this.finish(joined);
    return true;
  }

  private prelu(each: Node): boolean {
    const [input = ''] = each.input;
    const [output = ''] = each.output;
    const slope = slopeOf(this.graph, each);
    const range = this.ranges.get(input);
    if (slope === undefined || range === undefined || !this.ranges.has(output)) return false;
    const weights = `${output}_slope`;
    const channels = slope.length;
    const attribute = [
      { name: 'kernel_shape', type: AttributeType.ints, ints: [1, 1] },
      { name: 'group', type: AttributeType.int, i: channels },
    ];
    const whole = integerWeights(slope, new Float32Array(channels), scalingOf(range).scale, true);
    const product = `${output}_product`;
    this.quantisedConvolution(
      { input: [input, weights], attribute },
      whole,
      [channels, 1, 1, 1],
      output,
      product,
    );
    this.nodes.push(node('Max', [wholeName(input), product], [wholeName(output)]));
    this.whole.add(output);
    return true;
  }

  private move(each: Node): boolean {
    const moved = movedBy(each);
    if (moved.length === 0 || !moved.every((name) => this.ranges.has(name))) return false;
    const input = each.input.map((name) => (moved.includes(name) ? this.whole8(name)[0] : name));
    this.nodes.push({ ...each, name: '', input, output: each.output.map(wholeName) });
    for (const name of each.output) this.whole.add(name);
    return true;
  }

  /** Whether the result fits into 8 bits: its range is known and, where it ends with a Relu, has nothing below 0. */
  private holds({ output, nodes }: Joined): boolean {
    const range = this.ranges.get(output);
    return range !== undefined && (range[0] >= 0 || !nodes.some(({ op_type: op }) => op === 'Relu'));
  }

  private finish({ output, nodes }: Joined): void {
    this.whole.add(output);
    for (const each of nodes) this.gone.add(each);
  }

  /** Names of a tensor in 8 bits, its scale and its zero. */
  private whole8(name: string): [string, string, string] {
    const [scale, zero] = this.scaling(name);
    if (!this.whole.has(name)) {
      this.nodes.push(node('QuantizeLinear', [name, scale, zero], [wholeName(name)]));
      this.whole.add(name);
    }
    return [wholeName(name), scale, zero];
  }

  private asFloats(name: string): void {
    if (!this.whole.has(name) || this.floats.has(name)) return;
    this.nodes.push(node('DequantizeLinear', [wholeName(name), ...this.scaling(name)], [name]));
    this.floats.add(name);
  }

  private scaling(name: string): [scale: string, zero: string] {
    const { scale, zero } = scalingOf(this.ranges.get(name) ?? [0, 0]);
    this.constant(floatTensor(`${name}_scale`, [], [scale]));
    const raw = Uint8Array.of(zero);
    this.constant({ name: `${name}_zero`, dims: [], data_type: DataType.uint8, raw_data: raw });
    return [`${name}_scale`, `${name}_zero`];
  }

  /** Adds a constant, once. */
  private constant(tensor: Graph['initializer'][number]): void {
    if (this.constants.has(tensor.name ?? '')) return;
    this.constants.add(tensor.name ?? '');
    this.graph.initializer.push(tensor);
  }
}

function wholeName(name: string): string {
  return `${name}_8`;
}

function int8Tensor(name: string, dims: readonly number[], values: Int8Array): Graph['initializer'][number] {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dims: [...dims], data_type: DataType.int8, raw_data: bytes };
}
