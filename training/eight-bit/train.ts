/** Makes the graphs that a CPU runs: measures the ranges of tensors and rewrites the graphs in 8 bits. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyTransforms, type Transform } from '../../models/tools/apply-transforms.js';
import { readRecipe } from '../../models/tools/recipe.js';
import type { Ranges } from '../../models/tools/transforms/quantisable.js';
import { Finder } from '../finder.js';
import { install } from '../install.js';
import type { Training, TrainingTask } from '../training.js';
import { calibrate } from './calibrate.js';
import { PLANS } from './plans.js';

const PACK = join('models', 'default');

/** Makes all of them. */
export const quantiseGraphs: Training = async (task) => {
  const made: string[] = [];
  for (const { name } of PLANS) made.push(await quantiseGraph(name, task));
  return made.join('\n');
};

/** Makes one of them. Returns a sentence about the result. */
export async function quantiseGraph(
  graph: string,
  { data, work }: Pick<TrainingTask, 'data' | 'work'>,
): Promise<string> {
  const [plan] = PLANS.filter(({ name }) => name === graph);
  const { name, file, span, shape, inputs } = plan;
  const [forCpu, ranges] = [`${name}-8-bit.onnx`, join(PACK, 'ranges', `${name}.json`)];
  await mkdir(work, { recursive: true });
  await mkdir(join(PACK, 'ranges'), { recursive: true });
  const finder = await Finder.open();
  const floats = await readFile(join(PACK, file));
  const watched = join(work, `${name}-watched.onnx`);
  await writeFile(ranges, asJson(await calibrate(floats, span, shape, inputs(finder, data), watched)));
  await finder.close();
  const hash = await install(forCpu, applyTransforms(floats, await stepsBetween(file, forCpu)));
  return `${forCpu} is made, SHA-256 ${hash}.`;
}

/** The ranges as JSON, one tensor per line. */
function asJson(ranges: Ranges): string {
  const lines = Object.entries(ranges).map(
    ([name, [min, max]]) => `  ${JSON.stringify(name)}: [${min}, ${max}]`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** The steps from a finished graph to the one that a CPU runs: those that come after its own steps. */
async function stepsBetween(finished: string, file: string): Promise<Transform[]> {
  const { files } = await readRecipe('models', 'default');
  const stepsOf = (name: string) => files.find((each) => each.file === name)?.build?.transforms ?? [];
  return stepsOf(file).slice(stepsOf(finished).length);
}
