/** Transform `spatialMean`: adds a tensor with the mean over height and width of an inner one. */
import { AppError } from '../../../src/errors.js';
import { AttributeType, type Graph } from '../onnx-file.js';
import { node, tensorNames } from '../onnx-graph.js';

/** `{ "op": "spatialMean", "of": "507", "name": "features" }`: N×C×H×W -> N×C */
export interface SpatialMeanTransform {
  readonly op: 'spatialMean';
  /** An N×C×H×W tensor of the graph. */
  readonly of: string;
  /** Name of the new N×C tensor. */
  readonly name: string;
}

/** @throws AppError `invalid_pack` naming a tensor the graph does not have */
export function spatialMean(graph: Graph, { of, name }: SpatialMeanTransform): void {
  if (!tensorNames(graph).has(of)) throw new AppError('invalid_pack', `The graph has no tensor "${of}".`);
  const pooled = `${name}_pooled`;
  graph.node = [
    ...graph.node,
    node('GlobalAveragePool', [of], [pooled]),
    node('Flatten', [pooled], [name], [{ name: 'axis', type: AttributeType.int, i: 1 }]),
  ];
}
