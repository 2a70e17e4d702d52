/**
 * Transform `pairSoftmax`: writes a softmax over two scores as the sigmoid of their difference,
 *   softmax(a, b) = (σ(a − b), σ(b − a)),
 * where the convolutions that give the scores compute the differences by changed weights. ONNX Runtime's Softmax takes
 * as long over two numbers as over many; a Sigmoid takes almost no time.
 */
import { AppError } from '../../../src/errors.js';
import { type Graph, type Node, toNumber } from '../onnx-file.js';
import { constantOf, consumersOf, floatsOf, floatTensor, producerOf } from '../onnx-graph.js';

/** `{ "op": "pairSoftmax" }` */
export interface PairSoftmaxTransform {
  readonly op: 'pairSoftmax';
}

/**
 * Rewrites each Softmax of a graph whose scores come in pairs, one after the other, from the channels of convolutions.
 * @throws AppError `invalid_pack` if they come from anything else
 */
export function pairSoftmax(graph: Graph): void {
  for (const softmax of graph.node.filter(({ op_type: op }) => op === 'Softmax')) {
    for (const name of new Set(convolutionsOf(graph, softmax).flatMap(({ input }) => input.slice(1))))
      takeDifferences(graph, name);
    softmax.op_type = 'Sigmoid';
    softmax.attribute = [];
  }
}

/** The convolutions that the values of a node come from, unchanged. */
function convolutionsOf(graph: Graph, { op_type: op, input }: Node): Node[] {
  const values = op === 'Concat' ? input : input.slice(0, 1);
  return values.flatMap((name) => {
    const producer = producerOf(graph, name);
    if (producer?.op_type === 'Conv' && consumersOf(graph, name).length === 1) return [producer];
    if (producer !== undefined && ['Concat', 'Reshape', 'Transpose'].includes(producer.op_type))
      return convolutionsOf(graph, producer);
    throw new AppError('invalid_pack', `pairSoftmax: "${name}" does not come from a convolution of its own.`);
  });
}

/** Each pair of outputs (a, b) becomes (a − b, b − a). */
function takeDifferences(graph: Graph, name: string): void {
  const tensor = constantOf(graph, name);
  if (tensor === undefined) return;
  const values = floatsOf(tensor);
  const dims = tensor.dims.map(toNumber);
  const size = values.length / dims[0];
  const differences = values.map((value, index) => {
    const isFirst = Math.floor(index / size) % 2 === 0;
    return value - values[isFirst ? index + size : index - size];
  });
  Object.assign(tensor, floatTensor(name, dims, differences));
}
