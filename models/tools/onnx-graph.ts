/** Graph surgery: finding, replacing and pruning the parts of an ONNX graph. */
import { AppError } from '../../src/errors.js';
import { type Attribute, DataType, type Graph, type Node, type Tensor, toNumber } from './onnx-file.js';

/** The node that writes the tensor `name`, or undefined for an input or a constant. */
export function producerOf(graph: Graph, name: string): Node | undefined {
  return graph.node.find((node) => node.output.includes(name));
}

/** The nodes that read the tensor or constant `name`. */
export function consumersOf(graph: Graph, name: string): Node[] {
  return graph.node.filter(({ input }) => input.includes(name));
}

/** The integer attribute `name` of a node; undefined where it has its default. */
export function integerAttribute({ attribute }: Node, name: string): number | undefined {
  const value = attribute.find((each) => each.name === name)?.i;
  return value === undefined ? undefined : toNumber(value);
}

/** The attribute `name` of a node, a list of integers; empty where it has its default. */
export function integersOf({ attribute }: Node, name: string): number[] {
  return (attribute.find((each) => each.name === name)?.ints ?? []).map(toNumber);
}

/** The constant `name`, whether it is an initializer or the value of a Constant node. */
export function constantOf(graph: Graph, name: string): Tensor | undefined {
  const initializer = graph.initializer.find((tensor) => tensor.name === name);
  if (initializer !== undefined) return initializer;
  const node = producerOf(graph, name);
  return node?.op_type === 'Constant' ? node.attribute.find((each) => each.name === 'value')?.t : undefined;
}

/**
 * The values of a float tensor, as a copy.
 * @throws AppError `invalid_pack` for another type, or for values that are not stored as raw bytes
 */
export function floatsOf(tensor: Tensor): Float32Array {
  const { data_type: type, raw_data: bytes } = tensor;
  if (type !== DataType.float || bytes.byteLength !== 4 * sizeOf(tensor)) {
    throw new AppError(
      'invalid_pack',
      `The constant "${tensor.name ?? ''}" of the graph is not a raw float tensor.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

/** Number of values in a tensor; a scalar has one. */
export function sizeOf(tensor: Tensor): number {
  return tensor.dims.reduce<number>((product, dim) => product * toNumber(dim), 1);
}

/** A float constant named `name`; little-endian on every machine, as the format requires. */
export function floatTensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < values.length; index++) view.setFloat32(4 * index, values[index] ?? 0, true);
  return { name, dims: [...dims], data_type: DataType.float, raw_data: bytes };
}

/** A constant of 32-bit integers, little-endian as well. */
export function int32Tensor(name: string, dims: readonly number[], values: Int32Array): Tensor {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setInt32(4 * index, value, true));
  return { name, dims: [...dims], data_type: DataType.int32, raw_data: bytes };
}

/** A node without a name: runtimes do not need names, and names could clash. */
export function node(op: string, input: string[], output: string[], attribute: Attribute[] = []): Node {
  return { op_type: op, input, output, attribute };
}

/** Replaces each node by what `rewrite` returns for it; undefined keeps it. */
export function rewriteNodes(graph: Graph, rewrite: (node: Node) => Node[] | undefined): void {
  graph.node = graph.node.flatMap((each) => rewrite(each) ?? [each]);
}

/** Gives the tensor `from` the name `to` wherever it is written or read. */
export function renameTensor(graph: Graph, from: string, to: string): void {
  if (from === to) return;
  const rename = (name: string): string => (name === from ? to : name);
  for (const each of graph.node) {
    each.input = each.input.map(rename);
    each.output = each.output.map(rename);
  }
}

/** Drops the nodes and constants that no output of the graph depends on. */
export function prune(graph: Graph): void {
  const needed = new Set(graph.output.map(({ name }) => name));
  const kept = graph.node.toReversed().filter((each) => {
    if (!each.output.some((name) => needed.has(name))) return false;
    for (const name of each.input) needed.add(name);
    return true;
  });
  graph.node = kept.reverse();
  graph.initializer = graph.initializer.filter(({ name }) => name !== undefined && needed.has(name));
  graph.value_info = graph.value_info.filter(({ name }) => needed.has(name));
}

/** Every tensor name in use: new names must differ from them. */
export function tensorNames(graph: Graph): Set<string> {
  return new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name ?? ''),
    ...graph.node.flatMap(({ output }) => output),
  ]);
}
