/** Turns the bytes of a source graph into those of a pack's graph, by the transforms that pack.json lists. */
import { readOnnx, writeOnnx } from './onnx-file.js';
import { prune } from './onnx-graph.js';
import { dynamicBatch, type DynamicBatchTransform } from './transforms/dynamic-batch.js';
import {
  dropConstantChannels,
  type DropConstantChannelsTransform,
} from './transforms/drop-constant-channels.js';
import { type InterfaceTransform, setInterface } from './transforms/interface.js';
import { padChannels, type PadChannelsTransform } from './transforms/pad-channels.js';
import { pairSoftmax, type PairSoftmaxTransform } from './transforms/pair-softmax.js';
import { quantise, type QuantiseTransform } from './transforms/quantise.js';
import { splitPRelu, type SplitPReluTransform } from './transforms/split-prelu.js';

/** One step of a graph's `build.transforms` in pack.json. */
export type Transform =
  | InterfaceTransform
  | DynamicBatchTransform
  | DropConstantChannelsTransform
  | PadChannelsTransform
  | SplitPReluTransform
  | PairSoftmaxTransform
  | QuantiseTransform;

/** The names of all steps; the compiler ensures that none is missing. */
export const TRANSFORM_NAMES = Object.keys({
  interface: true,
  dynamicBatch: true,
  dropConstantChannels: true,
  padChannels: true,
  splitPRelu: true,
  pairSoftmax: true,
  quantise: true,
} satisfies Record<Transform['op'], true>);

/**
 * Applies `transforms` in their order. The same source and steps give the same bytes on every machine.
 * @throws AppError `invalid_pack` if the source is not an ONNX model or a step does not fit it
 */
export function applyTransforms(source: Uint8Array, transforms: readonly Transform[]): Uint8Array {
  const model = readOnnx(source);
  for (const transform of transforms) {
    switch (transform.op) {
      case 'interface':
        setInterface(model.graph, transform);
        break;
      case 'dynamicBatch':
        dynamicBatch(model.graph);
        break;
      case 'dropConstantChannels':
        dropConstantChannels(model.graph);
        break;
      case 'padChannels':
        padChannels(model.graph);
        break;
      case 'splitPRelu':
        splitPRelu(model.graph);
        break;
      case 'pairSoftmax':
        pairSoftmax(model.graph);
        break;
      case 'quantise':
        quantise(model, transform);
        break;
    }
  }
  prune(model.graph);
  return writeOnnx(model);
}
