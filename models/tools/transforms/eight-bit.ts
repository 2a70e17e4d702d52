/** 8-bit arithmetic: which integers stand for the activations, weights and biases of a convolution. */

const { abs, fround, max, min, round, sign } = Math;

/** The smallest and the largest value of a tensor. */
export type Range = readonly [low: number, high: number];

/** A tensor's value is scale × (integer − zero). */
export interface Scaling {
  readonly scale: number;
  /** The integer, 0…255, that stands for 0. */
  readonly zero: number;
}

/** The largest weight of a depthwise convolution, whose kernels compute in 32 bits. */
const MAX_DEPTHWISE = 127;

/**
 * The largest weight of other convolutions. CPUs without VNNI instructions add two products of an activation (0…255)
 * and a weight in 16 bits and saturate: 2 · 255 · 64 is just below 2¹⁵.
 */
const MAX_MIXING = 64;

/** Biases share 32 bits with the sums of products; this leaves half of the range for the products. */
const MAX_BIAS = 2 ** 30;

/**
 * How a tensor within `range` is written with 0…255. The value 0 always has an integer, because convolutions pad with
 * it.
 */
export function scalingOf([lowest, highest]: Range): Scaling {
  const [low, high] = [min(lowest, 0), max(highest, 0)];
  const scale = fround((high - low) / 255) || 1;
  return { scale, zero: round((0 - low) / scale) };
}

/** Weights and biases as integers. */
export interface IntegerWeights {
  readonly weights: Int8Array;
  /** One for each output channel. */
  readonly scales: Float32Array;
  /** In units of the input's scale times the channel's. */
  readonly biases: Int32Array;
}

/**
 * The weights of a convolution, channel by channel of its output.
 * @param inputScale of the activations it reads
 */
export function integerWeights(
  values: Float32Array,
  bias: Float32Array,
  inputScale: number,
  isDepthwise: boolean,
): IntegerWeights {
  const channels = bias.length;
  const size = values.length / channels;
  const weights = new Int8Array(values.length);
  const scales = new Float32Array(channels);
  const biases = new Int32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const own = values.subarray(channel * size, (channel + 1) * size);
    const largest = own.reduce((most, value) => max(most, abs(value)), 0);
    const needed = max(
      largest / (isDepthwise ? MAX_DEPTHWISE : MAX_MIXING),
      abs(bias[channel]) / (inputScale * MAX_BIAS),
    );
    const scale = fround(needed) || 1;
    scales[channel] = scale;
    weights.set(rounded(own, scale), channel * size);
    biases[channel] = round(bias[channel] / (inputScale * scale));
  }
  return { weights, scales, biases };
}

/**
 * The weights of one channel as integers whose sum is that of the weights, so that the response to an even surface does
 * not change. To this end the weights nearest to the next integer in the needed direction are rounded that way; the
 * largest never is.
 */
function rounded(values: Float32Array, scale: number): Int32Array {
  const whole = Int32Array.from(values, (value) => round(value / scale));
  const left = Float64Array.from(values, (value, index) => value / scale - whole[index]);
  const missing = round(left.reduce((sum, each) => sum + each, 0));
  const step = sign(missing);
  const order = [...left.keys()].sort((a, b) => step * (left[b] - left[a]) || a - b);
  for (const index of order.slice(0, abs(missing))) whole[index] += step;
  return whole;
}
