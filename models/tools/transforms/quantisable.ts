/** Which parts of a graph can compute in 8 bits, and which tensors' ranges that needs: the basis of `quantise`. */
import { type Graph, type Node } from '../onnx-file.js';
import { constantOf, consumersOf, floatsOf, integerAttribute, integersOf, sizeOf } from '../onnx-graph.js';
import type { Range } from './eight-bit.js';

/** The ranges of tensors by their names. */
export type Ranges = Readonly<Record<string, Range>>;

const COMPUTING = ['Conv', 'Add', 'PRelu'];
const MOVING = ['Reshape', 'Transpose', 'Split', 'Concat'];
const CHANNELS_LAST = [0, 2, 3, 1];

/**
 * The tensors whose ranges are needed to compute everything after one tensor in 8 bits, where possible.
 * @param after the first of them; nodes before it stay in floats
 */
export function measurable(graph: Graph, after: string): string[] {
  const reached = new Set([after]);
  const names = new Set([after]);
  for (const each of graph.node) {
    if (!each.input.some((name) => reached.has(name))) continue;
    for (const name of each.output) reached.add(name);
    if (!COMPUTING.includes(each.op_type)) continue;
    const { output } = joinedWith(graph, each);
    // An answer of the network, and a tensor that becomes one, stays in floats.
    const readers = consumersOf(graph, output);
    if (!readers.some(isAnswer)) names.add(output);
  }
  return [...names];
}

/** The ranges, and those of tensors whose values come from these tensors, or go to them, unchanged. */
export function passedOn(graph: Graph, ranges: Ranges): ReadonlyMap<string, Range> {
  const groups = new Map<string, Set<string>>();
  for (const each of graph.node) {
    const moved = each.op_type === 'PRelu' ? each.input.slice(0, 1) : movedBy(each);
    if (moved.length === 0) continue;
    const joined = new Set([...moved, ...each.output]);
    for (const name of joined) for (const other of groups.get(name) ?? []) joined.add(other);
    for (const name of joined) groups.set(name, joined);
  }
  const known = new Map(Object.entries(ranges));
  for (const group of new Set(groups.values())) {
    const theirs = [...group].flatMap((name) => (Object.hasOwn(ranges, name) ? [ranges[name]] : []));
    if (theirs.length === 0) continue;
    const low = Math.min(...theirs.map(([lowest]) => lowest));
    const high = Math.max(...theirs.map(([, highest]) => highest));
    for (const name of group) known.set(name, [low, high]);
  }
  return known;
}

/** The inputs whose values a node only moves to its outputs; none for other nodes. */
export function movedBy({ op_type: op, input }: Node): string[] {
  if (!MOVING.includes(op)) return [];
  return op === 'Concat' ? input : input.slice(0, 1);
}

/** The slope of a PRelu for each channel where none is above 1, so that it is the larger of x and slope·x. */
export function slopeOf(graph: Graph, { op_type: op, input }: Node): Float32Array | undefined {
  const tensor = op === 'PRelu' ? constantOf(graph, input[1] ?? '') : undefined;
  const slope = tensor && floatsOf(tensor);
  return slope?.every((each) => each <= 1) ? slope : undefined;
}

/** The nodes that a convolution or sum is merged with. */
export interface Joined {
  /** The last tensor written. */
  readonly output: string;
  /** The factor that it is multiplied by. */
  readonly factor: number;
  readonly nodes: readonly Node[];
}

/** The Mul by one number and the Relu that follow a node, each where nothing else reads its input. */
export function joinedWith(graph: Graph, first: Node): Joined {
  let joined: Joined = { output: first.output[0] ?? '', factor: 1, nodes: [] };
  for (const op of ['Mul', 'Relu']) {
    const { output, factor, nodes } = joined;
    const [next, ...others] = consumersOf(graph, output);
    const isOutput = graph.output.some(({ name }) => name === output);
    if (next?.op_type !== op || others.length > 0 || isOutput) continue;
    const other = op === 'Mul' ? constantOf(graph, next.input[1] ?? '') : undefined;
    if (op === 'Mul' && (other === undefined || sizeOf(other) !== 1)) continue;
    const times = other === undefined ? 1 : floatsOf(other)[0];
    joined = { output: next.output[0] ?? '', factor: factor * times, nodes: [...nodes, next] };
  }
  return joined;
}

/** The Transpose to channels last that alone reads the result of a 1×1 convolution. */
export function transposeAfter(graph: Graph, conv: Node): Node | undefined {
  const [next, ...others] = consumersOf(graph, conv.output[0] ?? '');
  const isPointwise =
    integersOf(conv, 'kernel_shape').every((length) => length === 1) &&
    integersOf(conv, 'strides').every((stride) => stride === 1) &&
    (integerAttribute(conv, 'group') ?? 1) === 1;
  return next !== undefined && isAnswer(next) && others.length === 0 && isPointwise ? next : undefined;
}

/** Whether a node puts channels last, as detectors do with their answers. */
function isAnswer(node: Node): boolean {
  return node.op_type === 'Transpose' && String(integersOf(node, 'perm')) === String(CHANNELS_LAST);
}
