/** Runs ONNX graphs in tests: one thread, as the service does. */
import * as ort from 'onnxruntime-node';

// Global names are slow to look up in Jest's realm; these are read millions of times.
const { abs, cos, max, min, sin } = Math;
const nothing = NaN;

/** Named float tensors, each with its shape. */
export type Tensors = Readonly<
  Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>
>;

/** A session over the graph in `bytes`. */
export function session(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}

/** All outputs for the one input, of floats. */
export async function run(model: ort.InferenceSession, data: Float32Array, dims: number[]): Promise<Tensors> {
  const [input = ''] = model.inputNames;
  const outputs = await model.run({ [input]: new ort.Tensor('float32', data, dims) });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [
      name,
      { dims: tensor.dims, data: tensor.data as Float32Array },
    ]),
  );
}

/** Something like a photo: slow waves, an edge and a fine texture, with values between `low` and `high`. */
export function picture(
  seed: number,
  channels: number,
  height: number,
  width: number,
  low: number,
  high: number,
) {
  const data = new Float32Array(channels * height * width);
  const across = Array.from({ length: width }, (_, column) => column / width);
  const down = Array.from({ length: height }, (_, row) => row / height);
  const waveDown = down.map((y) => cos(5 * y + seed));
  for (let channel = 0, index = 0; channel < channels; channel++) {
    const waveAcross = across.map((x) => sin(7 * x + 3 * seed + channel));
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, index++) {
        const wave = waveAcross[column] * waveDown[row];
        const edge = (across[column] - 0.5) ** 2 + (down[row] - 0.5) ** 2 < 0.1 ? 0.4 : -0.2;
        const texture = ((index * 7919 + seed * 104729) % 61) / 61 - 0.5;
        const value = min(1, max(0, 0.5 + 0.25 * wave + 0.5 * edge + 0.1 * texture));
        data[index] = low + value * (high - low);
      }
    }
  }
  return data;
}

/** Largest difference of two equally long lists. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < a.length; index++) {
    largest = max(largest, abs((a[index] ?? nothing) - (b[index] ?? nothing)));
  }
  return largest;
}

/** Several pictures one after the other, as a batch. */
export function concat(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
