/**
 * Transform `quantise`: lets the convolutions of a graph compute with 8-bit whole numbers in place of floats.
 *
 * Where the range of a tensor is known, from pictures (`npm run train -- eight-bit`), it is held in 8 bits; an operation
 * whose inputs and output are known becomes ONNX's or ONNX Runtime's 8-bit form of itself. All others stay as they are,
 * with QuantizeLinear and DequantizeLinear between the two kinds. Inputs and outputs of the graph remain floats.
 *
 * - Conv → QLinearConv, together with a Mul by one number and a Relu after it: the 8 bits end where Relu begins.
 * - Add → QLinearAdd, likewise with its Relu.
 * - PRelu → the larger of x and slope·x, the product being a QLinearConv of one weight a channel. The two share one range.
 * - Reshape, Transpose, Split and Concat only move values: what they read and write shares one range.
 * - A 1×1 Conv whose result is not known, but transposed to channels last, gives floats: these are a network's answers.
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

/** `{ "op": "quantise", "ranges": "<file>.json" }`, a file of the pack's folder with `{ "<tensor>": [lowest, highest], … }`. */
export interface QuantiseTransform {
  readonly op: 'quantise';
  readonly ranges: Ranges;
}

/** Domain of ONNX Runtime's own operations. */
const RUNTIME = 'com.microsoft';
/**
 * Has QLinearConv, with Unsqueeze, Split and Softmax as they were in 9, which the graphs are in. From 12 on ONNX Runtime
 * moves a QuantizeLinear to before a MaxPool, and its MaxPool of 8 bits takes eight times as long as that of floats.
 */
const OPSET = 11;
/** Has Max of 8 bits; for graphs that need it, none of which has a MaxPool. */
const OPSET_WITH_MAX = 12;
/** The one zero point of all weights. */
const WEIGHT_ZERO = 'weight_zero';

/** Rewrites what the ranges allow. */
export function quantise(model: Model, { ranges }: QuantiseTransform): void {
  const others = model.opset_import.filter(({ domain }) => domain !== '' && domain !== RUNTIME);
  const { graph } = model;
  new Quantiser(graph, passedOn(graph, ranges)).rewrite();
  const version = graph.node.some(({ op_type: op }) => op === 'Max') ? OPSET_WITH_MAX : OPSET;
  model.opset_import = [...others, { domain: '', version }, { domain: RUNTIME, version: 1 }];
}

class Quantiser {
  private readonly nodes: Node[] = [];
  /** Nodes that others have taken in. */
  private readonly gone = new Set<Node>();
  /** Tensors that are there in 8 bits, and those that are there as floats too. */
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

  /** What all weights in 8 bits come with: a scale for each output channel, and the zero point. */
  private scales(weights: string, { scales }: IntegerWeights): void {
    this.constant(floatTensor(`${weights}_scale`, [scales.length], scales));
    this.constant({ name: WEIGHT_ZERO, dims: [], data_type: DataType.int8, raw_data: new Uint8Array(1) });
  }

  /**
   * @param whole its weights, known by the name of its second input
   * @param scaled the tensor whose range the result lies in
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

  /** A 1×1 convolution and the Transpose after it as a product of rows and columns, whose result is floats. */
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

  /** Whether 8 bits hold the result: known, and where it ends with a Relu, nothing below 0. */
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
