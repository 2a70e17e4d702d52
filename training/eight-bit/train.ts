/** Makes the graphs that a CPU runs: measures the ranges of their tensors and rewrites them in 8 bits. */
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

/** All that have such a form. */
export const quantiseGraphs: Training = async (task) => {
  const made: string[] = [];
  for (const { name } of PLANS) made.push(await quantiseGraph(name, task));
  return made.join('\n');
};

/** One of them. Returns what was made. */
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

/** One line for each tensor. */
function asJson(ranges: Ranges): string {
  const lines = Object.entries(ranges).map(
    ([name, [least, most]]) => `  ${JSON.stringify(name)}: [${least}, ${most}]`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** The steps from a finished graph to the form of it that a CPU runs: those that come after its own. */
async function stepsBetween(finished: string, file: string): Promise<Transform[]> {
  const { files } = await readRecipe('models', 'default');
  const stepsOf = (name: string) => files.find((each) => each.file === name)?.build?.transforms ?? [];
  return stepsOf(file).slice(stepsOf(finished).length);
}
