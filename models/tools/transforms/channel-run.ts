/** Runs of channels: the nodes between two convolutions that mix channels, which keep the channels separate. */
import { type Graph, type Node, toNumber } from '../onnx-file.js';
import { constantOf, consumersOf, floatsOf, floatTensor, integerAttribute } from '../onnx-graph.js';

/** The nodes between two convolutions that mix channels. Nothing else reads their results or uses their constants. */
export interface Run {
  readonly first: Node;
  /** Per-channel operations only: depthwise Conv, PRelu, Relu. */
  readonly inner: readonly Node[];
  readonly last: Node;
  /** The number of channels. */
  readonly channels: number;
}

/** The run that begins with each channel-mixing convolution of the graph, in their order. */
export function* runsOf(graph: Graph): Generator<Run> {
  for (const first of graph.node) {
    if (!mixesChannels(first)) continue;
    const run = runFrom(graph, first, dimension(graph, first.input[1], 0));
    if (run !== undefined) yield run;
  }
}

/**
 * Replaces the channels of the run.
 * @param channels for each new channel the index of the old one that it copies; undefined for a channel of zeros
 */
export function chooseChannels(
  graph: Graph,
  { first, inner, last }: Run,
  channels: readonly (number | undefined)[],
): void {
  for (const node of [first, ...inner]) {
    for (const name of node.input.slice(1)) chooseAlong(graph, name, 0, channels);
  }
  for (const node of inner) {
    const group = node.attribute.find(({ name }) => name === 'group');
    if (group !== undefined) group.i = channels.length;
  }
  chooseAlong(graph, last.input[1] ?? '', 1, channels);
}

function runFrom(graph: Graph, first: Node, channels: number): Run | undefined {
  const inner: Node[] = [];
  let from = first;
  for (;;) {
    const [tensor = ''] = from.output;
    const [next, ...others] = consumersOf(graph, tensor);
    if (next === undefined || others.length > 0 || graph.output.some(({ name }) => name === tensor))
      return undefined;
    if (mixesChannels(next)) {
      const run = { first, inner, last: next, channels };
      return hasOwnConstants(graph, run) ? run : undefined;
    }
    if (!isPerChannel(graph, next, channels)) return undefined;
    inner.push(next);
    from = next;
  }
}

function mixesChannels(node: Node): boolean {
  return node.op_type === 'Conv' && (integerAttribute(node, 'group') ?? 1) === 1;
}

function isPerChannel(graph: Graph, node: Node, channels: number): boolean {
  if (node.op_type === 'Relu') return true;
  if (node.op_type === 'PRelu') return dimension(graph, node.input[1], 0) === channels;
  return (
    node.op_type === 'Conv' &&
    integerAttribute(node, 'group') === channels &&
    dimension(graph, node.input[1], 0) === channels
  );
}

/** Whether the weights are constants that no other node uses: only then may they be changed in place. */
function hasOwnConstants(graph: Graph, { first, inner, last }: Run): boolean {
  const names = [first, ...inner, last].flatMap(({ input }) => input.slice(1));
  return names.every(
    (name) => constantOf(graph, name) !== undefined && consumersOf(graph, name).length === 1,
  );
}

/** Chooses slices of a constant along one axis. */
function chooseAlong(
  graph: Graph,
  name: string,
  axis: number,
  channels: readonly (number | undefined)[],
): void {
  const tensor = constantOf(graph, name);
  if (tensor === undefined) return;
  const dims = tensor.dims.map(toNumber);
  const slice = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const values = floatsOf(tensor);
  const chosen = dims.with(axis, channels.length);
  const result = new Float32Array(chosen.reduce((product, dim) => product * dim, 1));
  const outer = values.length / (slice * dims[axis]);
  for (let index = 0; index < outer; index++) {
    for (const [to, from] of channels.entries()) {
      if (from === undefined) continue;
      const start = (index * dims[axis] + from) * slice;
      result.set(values.subarray(start, start + slice), (index * channels.length + to) * slice);
    }
  }
  Object.assign(tensor, floatTensor(name, chosen, result));
}

/** Size of one axis of a constant; 0 where there is none. */
function dimension(graph: Graph, name: string | undefined, axis: number): number {
  return toNumber(constantOf(graph, name ?? '')?.dims[axis] ?? 0);
}
