/**
 * Transform `splitPRelu`: writes PRelu with operations that ONNX Runtime runs in its blocked channel layout.
 * PRelu has no kernel for that layout, so each one costs two layout changes; the blocked form of the same function is
 *   PRelu(x; a) = a·x + (1 − a)·Relu(x)
 * with the two products written as BatchNormalization, which is a scale per channel.
 */
import { AttributeType, type Graph, type Node } from '../onnx-file.js';
import { constantOf, floatsOf, floatTensor, node, rewriteNodes } from '../onnx-graph.js';

/** `{ "op": "splitPRelu" }` */
export interface SplitPReluTransform {
  readonly op: 'splitPRelu';
}

/** Rewrites each PRelu whose slope is a constant per channel (C×1×1); others are left as they are. */
export function splitPRelu(graph: Graph): void {
  rewriteNodes(graph, (each) => {
    if (each.op_type !== 'PRelu') return undefined;
    const slope = slopeOf(graph, each);
    return slope === undefined ? undefined : split(graph, each, slope);
  });
}

function slopeOf(graph: Graph, { input }: Node): Float32Array | undefined {
  const tensor = constantOf(graph, input[1] ?? '');
  const [channels, ...rest] = tensor?.dims.map(String) ?? [];
  const perChannel = channels !== undefined && rest.length === 2 && rest.every((size) => size === '1');
  return tensor !== undefined && perChannel ? floatsOf(tensor) : undefined;
}

function split(graph: Graph, { input, output }: Node, slope: Float32Array): Node[] {
  const [x = ''] = input;
  const [y = ''] = output;
  const relu = `${y}_relu`;
  return [
    node('Relu', [x], [relu]),
    scaleChannels(
      graph,
      relu,
      `${y}_positive`,
      slope.map((a) => 1 - a),
    ),
    scaleChannels(graph, x, `${y}_linear`, slope),
    node('Add', [`${y}_positive`, `${y}_linear`], [y]),
  ];
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

/** The name of a constant with `channels` times the same value, shared by all who need it. */
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
