/** Transform `dynamicBatch`: lets the Reshape nodes of a graph exported for one image pass any number of images. */
import { AppError } from '../../../src/errors.js';
import { DataType, type Graph, type Tensor } from '../onnx-file.js';
import { constantOf } from '../onnx-graph.js';

/** `{ "op": "dynamicBatch" }` */
export interface DynamicBatchTransform {
  readonly op: 'dynamicBatch';
}

/**
 * Changes the leading 1 of each constant Reshape target to 0, which means "as in the input". Targets that are computed
 * from the input's shape are right already.
 */
export function dynamicBatch(graph: Graph): void {
  for (const { op_type: op, input } of graph.node) {
    if (op !== 'Reshape') continue;
    const target = constantOf(graph, input[1] ?? '');
    if (target !== undefined) copyFirstDimension(target);
  }
}

function copyFirstDimension(target: Tensor): void {
  if (target.data_type !== DataType.int64 || target.raw_data.byteLength < 8) {
    throw new AppError(
      'invalid_pack',
      `The Reshape target "${target.name ?? ''}" does not hold raw 64-bit integers.`,
    );
  }
  const bytes = Uint8Array.from(target.raw_data);
  const view = new DataView(bytes.buffer);
  // A constant may serve several Reshape nodes: the second visit finds 0.
  if (view.getBigInt64(0, true) === 1n) view.setBigInt64(0, 0n, true);
  target.raw_data = bytes;
}
