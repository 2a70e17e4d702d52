/**
 * Transform `interface`: sets the names and shapes of a graph's inputs and outputs. Nodes they do not need are pruned.
 */
import { AppError } from '../../../src/errors.js';
import { DataType, type Graph, type ValueInfo } from '../onnx-file.js';
import { renameTensor, tensorNames } from '../onnx-graph.js';

/** Numbers, or names (`N`, `H`, `W`) for dimensions of any length. */
export type Shape = readonly (number | string)[];

/** An input or output of the finished graph. */
export interface Port {
  /** Tensor of the original graph. */
  readonly from: string;
  /** Its name in the finished graph. */
  readonly name: string;
  readonly shape: Shape;
}

/** `{ "op": "interface", "inputs": [port…], "outputs": [port…] }`; all ports are float tensors. */
export interface InterfaceTransform {
  readonly op: 'interface';
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** @throws AppError `invalid_pack` naming a tensor the graph does not have */
export function setInterface(graph: Graph, { inputs, outputs }: InterfaceTransform): void {
  const names = tensorNames(graph);
  for (const { from, name } of [...inputs, ...outputs]) {
    if (!names.has(from)) throw new AppError('invalid_pack', `The graph has no tensor "${from}".`);
    if (from !== name && names.has(name)) {
      throw new AppError(
        'invalid_pack',
        `"${from}" cannot be renamed to "${name}": the graph has a tensor of that name.`,
      );
    }
    renameTensor(graph, from, name);
  }
  // Before IR version 4, graphs list their constants as inputs too; a runtime cannot fold constants that may be
  // overridden.
  graph.input = inputs.map(valueInfo);
  graph.output = outputs.map(valueInfo);
  // The exporter's shapes of inner tensors would contradict the new ones; runtimes infer them anyway.
  graph.value_info = [];
}

function valueInfo({ name, shape }: Port): ValueInfo {
  const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: DataType.float, shape: { dim } } } };
}
