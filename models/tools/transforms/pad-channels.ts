/**
 * Transform `padChannels`: widens inner tensors with channels of zeros up to a multiple of 16. ONNX Runtime's blocked
 * layout supports depthwise convolutions only with whole blocks of channels (16 with AVX-512), so a pruned network
 * with, say, 103 channels leaves the layout at each of them. The added channels are zeros that the next convolution
 * ignores: no result changes.
 */
import type { Graph } from '../onnx-file.js';
import { chooseChannels, runsOf } from './channel-run.js';

/** `{ "op": "padChannels" }` */
export interface PadChannelsTransform {
  readonly op: 'padChannels';
}

const BLOCK = 16;

/** Widens every run whose number of channels is not a multiple of a block. */
export function padChannels(graph: Graph): void {
  for (const run of runsOf(graph)) {
    const padded = Math.ceil(run.channels / BLOCK) * BLOCK;
    if (padded === run.channels) continue;
    chooseChannels(
      graph,
      run,
      Array.from({ length: padded }, (_, channel) => (channel < run.channels ? channel : undefined)),
    );
  }
}
