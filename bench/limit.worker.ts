/** One thread of the limit benchmark: it only decodes pictures and runs their models. */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { type ModelRun, openModels } from './model-runs.js';
import type { Picture } from './pictures.js';

/** A task: decode a picture and run its models for some time, or run its models once. */
export interface LimitTask {
  readonly picture: string;
  /** Duration in milliseconds; undefined: run the models once. */
  readonly durationMs?: number;
}

/** The result of a task. */
export interface LimitResult {
  readonly picturesPerSecond: number;
  /** Milliseconds of each model run of the last picture, by name. */
  readonly models: Readonly<Record<string, number>>;
}

sharp.cache(false);
sharp.concurrency(1);
const runsOf = await openModels();
const pictures = new Map(
  (workerData as readonly Picture[]).map((picture) => [picture.name, { picture, runs: runsOf(picture) }]),
);

async function decode({ jpeg }: Picture): Promise<void> {
  await sharp(jpeg).raw().toBuffer();
}

async function runModels(runs: readonly ModelRun[]): Promise<Record<string, number>> {
  const took: Record<string, number> = {};
  for (const { name, run } of runs) {
    const start = performance.now();
    await run();
    took[name] = performance.now() - start;
  }
  return took;
}

async function perform({ picture: name, durationMs }: LimitTask): Promise<LimitResult> {
  const known = pictures.get(name);
  if (known === undefined) throw new Error(`There is no picture ${name}.`);
  const start = performance.now();
  let done = 0;
  let models: Record<string, number>;
  do {
    if (durationMs !== undefined) await decode(known.picture);
    models = await runModels(known.runs);
    done++;
  } while (durationMs !== undefined && performance.now() - start < durationMs);
  return { picturesPerSecond: (1000 * done) / (performance.now() - start), models };
}

// The first run of each graph is slower than later ones.
for (const { runs } of pictures.values()) await runModels(runs);
parentPort?.on('message', (task: LimitTask) => {
  void perform(task).then((result) => parentPort?.postMessage(result));
});
parentPort?.postMessage('ready');
