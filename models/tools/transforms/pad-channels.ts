/**
 * Transform `padChannels`: widens inner tensors with channels of zeros up to a multiple of 16.
 * ONNX Runtime's blocked layout takes a depthwise convolution only in whole blocks of channels (16 with AVX-512), so a
 * pruned network with, say, 103 channels leaves it at each of them. The added channels carry zeros from a convolution
 * without weights for them to one that ignores them: no result changes.
 */
import { type Graph, type Node, toNumber } from '../onnx-file.js';
import { constantOf, consumersOf, floatsOf, floatTensor, integerAttribute } from '../onnx-graph.js';

/** `{ "op": "padChannels" }` */
export interface PadChannelsTransform {
  readonly op: 'padChannels';
}

/** The nodes between two convolutions that mix channels. */
interface Run {
  readonly first: Node;
  /** Per-channel operations only: depthwise Conv, PRelu, Relu. */
  readonly inner: readonly Node[];
  readonly last: Node;
}

const BLOCK = 16;

/** Widens every run of channels that is no multiple of a block and that nothing else reads. */
export function padChannels(graph: Graph): void {
  for (const first of graph.node) {
    if (first.op_type !== 'Conv' || groupsOf(first) !== 1) continue;
    const channels = dimension(graph, first.input[1], 0);
    const run = channels % BLOCK === 0 ? undefined : runFrom(graph, first, channels);
    if (run !== undefined) widen(graph, run, Math.ceil(channels / BLOCK) * BLOCK);
  }
}

function runFrom(graph: Graph, first: Node, channels: number): Run | undefined {
  const inner: Node[] = [];
  let from = first;
  for (;;) {
    const [tensor = ''] = from.output;
    const [next, ...others] = consumersOf(graph, tensor);
    if (next === undefined || others.length > 0 || graph.output.some(({ name }) => name === tensor))
      return undefined;
    if (next.op_type === 'Conv' && groupsOf(next) === 1) {
      const run = { first, inner, last: next };
      return hasOwnConstants(graph, run) ? run : undefined;
    }
    if (!isPerChannel(graph, next, channels)) return undefined;
    inner.push(next);
    from = next;
  }
}

function isPerChannel(graph: Graph, node: Node, channels: number): boolean {
  if (node.op_type === 'Relu') return true;
  if (node.op_type === 'PRelu') return dimension(graph, node.input[1], 0) === channels;
  return (
    node.op_type === 'Conv' && groupsOf(node) === channels && dimension(graph, node.input[1], 0) === channels
  );
}

/** Whether the weights are constants that no other node uses: only then may they be changed in place. */
function hasOwnConstants(graph: Graph, { first, inner, last }: Run): boolean {
  const names = [first, ...inner, last].flatMap(({ input }) => input.slice(1));
  return names.every(
    (name) => constantOf(graph, name) !== undefined && consumersOf(graph, name).length === 1,
  );
}

function widen(graph: Graph, { first, inner, last }: Run, channels: number): void {
  for (const node of [first, ...inner]) {
    for (const name of node.input.slice(1)) padAxis(graph, name, 0, channels);
  }
  for (const node of inner) {
    const group = node.attribute.find(({ name }) => name === 'group');
    if (group !== undefined) group.i = channels;
  }
  padAxis(graph, last.input[1] ?? '', 1, channels);
}

/** Lengthens one axis of a constant with zeros. */
function padAxis(graph: Graph, name: string, axis: number, size: number): void {
  const tensor = constantOf(graph, name);
  if (tensor === undefined) return;
  const dims = tensor.dims.map(toNumber);
  const inner = dims.slice(axis).reduce((product, dim) => product * dim, 1);
  const values = floatsOf(tensor);
  const padded = dims.with(axis, size);
  const result = new Float32Array(padded.reduce((product, dim) => product * dim, 1));
  const paddedInner = padded.slice(axis).reduce((product, dim) => product * dim, 1);
  for (let from = 0, to = 0; from < values.length; from += inner, to += paddedInner) {
    result.set(values.subarray(from, from + inner), to);
  }
  Object.assign(tensor, floatTensor(name, padded, result));
}

function groupsOf(node: Node): number {
  return integerAttribute(node, 'group') ?? 1;
}

/** Size of one axis of a constant; 0 where there is none. */
function dimension(graph: Graph, name: string | undefined, axis: number): number {
  return toNumber(constantOf(graph, name ?? '')?.dims[axis] ?? 0);
}
