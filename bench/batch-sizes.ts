/**
 * Measures what a batch costs on this machine, and whether its results are bit-identical: `npm run bench:batches`.
 *
 * Every model of the active pack runs on the same inputs, singly and in batches. Prints the milliseconds per item, the best of a
 * few runs.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadConfig } from '../src/config/config.js';
import { loadPack } from '../src/packs/load-pack.js';

const SIZES = [1, 2, 4, 8, 16];
const ROUNDS = 5;
/** Sides for a graph whose input size is variable: the detector's input for a 4:3 picture. */
const OPEN_SIDES = [480, 640];

const config = loadConfig();
const { folder } = loadPack(config);
const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.onnx')).sort();

for (const file of files) {
  const session = await InferenceSession.create(join(folder, file), {
    executionProviders: config.executionProviders,
    intraOpNumThreads: config.inferenceIntraOpThreads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const [input] = session.inputMetadata;
  if (!input.isTensor || typeof input.shape[0] === 'number') {
    console.log(`${file}: takes one item at a time`);
    continue;
  }
  const open = OPEN_SIDES.values();
  const shape = input.shape
    .slice(1)
    .map((length) => (typeof length === 'number' ? length : (open.next().value ?? 1)));
  const length = shape.reduce((a, b) => a * b);
  const items = Array.from({ length: Math.max(...SIZES) }, (_, item) =>
    Float32Array.from({ length }, (__, at) => Math.sin(at * 0.37 * (item + 1))),
  );
  const run = async (some: readonly Float32Array[]): Promise<{ ms: number; bytes: Buffer[][] }> => {
    const data = new Float32Array(length * some.length);
    for (const [index, item] of some.entries()) data.set(item, index * length);
    const started = performance.now();
    const results = await session.run({ [input.name]: new Tensor('float32', data, [some.length, ...shape]) });
    const ms = performance.now() - started;
    const outputs = Object.values(results).map(({ data: output }) => output as Float32Array);
    const bytes = some.map((_, index) =>
      outputs.map((output) => {
        const part = output.length / some.length;
        return Buffer.from(output.slice(index * part, (index + 1) * part).buffer);
      }),
    );
    return { ms, bytes };
  };
  const alone: Buffer[][] = [];
  for (const item of items) alone.push((await run([item])).bytes[0]);
  const cells: string[] = [];
  for (const size of SIZES) {
    let best = Infinity;
    let same = true;
    for (let round = 0; round < ROUNDS; round++) {
      const { ms, bytes } = await run(items.slice(0, size));
      best = Math.min(best, ms / size);
      same &&= bytes.every((outputs, item) => outputs.every((output, at) => output.equals(alone[item][at])));
    }
    cells.push(`${size}: ${best.toFixed(2)} ms${same ? '' : ', NOT BIT-IDENTICAL'}`);
  }
  console.log(`${file} ${shape.join('×')}  ${cells.join(' | ')}`);
  await session.release();
}
