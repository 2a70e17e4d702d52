/**
 * Transform `dropConstantChannels`: removes channels that are constant. Weight decay shrinks the weights of channels
 * that a network does not need to 1e-7 or 1e-40, while the others stay above 1e-3. Such a channel has the same value at
 * every position of every picture: its bias after the operations that follow. The bias of the convolution that reads it
 * can take over this value. In some layers, more than half of the channels are constant.
 */
import { type Graph, type Node, toNumber } from '../onnx-file.js';
import { constantOf, floatsOf, floatTensor } from '../onnx-graph.js';
import { chooseChannels, type Run, runsOf } from './channel-run.js';

const { abs, max } = Math;

/** `{ "op": "dropConstantChannels" }` */
export interface DropConstantChannelsTransform {
  readonly op: 'dropConstantChannels';
}

/** A channel that changes the result by less than this share of the strongest one's effect is lost in rounding. */
const NEGLIGIBLE = 1e-6;

/** What is known about a channel without any picture. */
interface Channel {
  /** Its value without the part that varies. */
  readonly constant: number;
  /** How far it may differ from that, for inputs of magnitude 1. */
  readonly spread: number;
}

/** Drops the constant channels of every run. */
export function dropConstantChannels(graph: Graph): void {
  for (const run of runsOf(graph)) {
    const channels = channelsOf(graph, run);
    const readerWeights = readerWeightsOf(graph, run);
    const effects = channels.map(
      (channel, index) => spreadIn(run.last, channel) * largest(readerWeights[index]),
    );
    const limit = NEGLIGIBLE * largest(effects);
    const isKept = effects.map((effect) => effect > limit);
    const kept = [...channels.keys()].filter((index) => isKept[index]);
    const bias = constantOf(graph, run.last.input[2] ?? '');
    if (kept.length === channels.length || kept.length === 0 || bias === undefined) continue;
    const moved = floatsOf(bias).map((value, output) =>
      channels.reduce((total, { constant }, index) => {
        const weights = part(readerWeights[index], output, toNumber(bias.dims[0]));
        return isKept[index] ? total : total + constant * sum(weights);
      }, value),
    );
    Object.assign(bias, floatTensor(bias.name ?? '', [moved.length], moved));
    chooseChannels(graph, run, kept);
  }
}

/** The channels as the last convolution of the run reads them. */
function channelsOf(graph: Graph, { first, inner, channels }: Run): Channel[] {
  const start = Array.from({ length: channels }, (): Channel => ({ constant: 0, spread: 1 }));
  return [first, ...inner].reduce((before, node) => {
    const [weights, bias] = node.input.slice(1).map((name) => valuesOf(graph, name));
    return before.map((channel, index) =>
      node.op_type === 'Conv'
        ? convolved(node, channel, part(weights, index, channels), bias?.[index] ?? 0)
        : activated(channel, weights?.[index] ?? 0),
    );
  }, start);
}

function convolved(conv: Node, channel: Channel, weights: Float32Array, bias: number): Channel {
  return {
    constant: channel.constant * sum(weights) + bias,
    spread: spreadIn(conv, channel) * sum(weights.map(abs)),
  };
}

/** Relu is PRelu with the slope 0. */
function activated({ constant, spread }: Channel, slope: number): Channel {
  return {
    constant: constant > 0 ? constant : slope * constant,
    spread: spread * max(1, abs(slope)),
  };
}

/** How far a channel varies for a convolution, which reads zeros beyond the border if it pads. */
function spreadIn(conv: Node, { constant, spread }: Channel): number {
  const pads = conv.attribute.find(({ name }) => name === 'pads')?.ints ?? [];
  return pads.some((pad) => toNumber(pad) !== 0) ? spread + abs(constant) : spread;
}

/** For each channel the weights of the last convolution that read it, output by output. */
function readerWeightsOf(graph: Graph, { last, channels }: Run): Float32Array[] {
  const weights = valuesOf(graph, last.input[1]);
  const outputs = toNumber(constantOf(graph, last.input[1] ?? '')?.dims[0] ?? 1);
  const size = weights.length / (outputs * channels);
  return Array.from({ length: channels }, (_, channel) => {
    const own = new Float32Array(outputs * size);
    for (let output = 0; output < outputs; output++) {
      const at = (output * channels + channel) * size;
      own.set(weights.subarray(at, at + size), output * size);
    }
    return own;
  });
}

function valuesOf(graph: Graph, name = ''): Float32Array {
  const tensor = constantOf(graph, name);
  return tensor === undefined ? new Float32Array() : floatsOf(tensor);
}

/** One of `count` equal parts. */
function part(values: Float32Array, index: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(index * size, (index + 1) * size);
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The largest magnitude. */
function largest(values: Float32Array | readonly number[]): number {
  let most = 0;
  for (const value of values) most = max(most, abs(value));
  return most;
}
