/** Makes the graphs that a CPU runs: measures the ranges of their tensors and rewrites them in 8 bits. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SIGNATURE as POSE_SIGNATURE } from '../../../../src/attributes/hopenet.js';
import { SIGNATURE } from '../../../../src/detection/ultraface.js';
import type { Shape } from '../../../../src/sessions/signature.js';
import type { Tensor } from '../../../../src/vision/tensor.js';
import { applyTransforms, type Transform } from '../../apply-transforms.js';
import { readRecipe } from '../../recipe.js';
import type { Ranges } from '../../transforms/quantisable.js';
import { Finder } from '../finder.js';
import { install } from '../install.js';
import type { Training } from '../training.js';
import { calibrate } from './calibrate.js';
import { detectorInputs, poseInputs } from './inputs.js';

const PACK = join('models', 'default');

/** A graph with a form in 8 bits. */
interface Plan {
  readonly name: string;
  /** The tensor after which 8 bits begin; what comes before it, at full size and with few channels, is faster in floats. */
  readonly after: string;
  /** Shape of the input. */
  readonly shape: Shape;
  readonly inputs: (finder: Finder, data: string) => AsyncIterable<Tensor>;
}

const PLANS: readonly Plan[] = [
  { name: 'detector', after: '268', shape: SIGNATURE.input, inputs: detectorInputs },
  { name: 'pose', after: '346', shape: POSE_SIGNATURE.input, inputs: poseInputs },
];

export const quantiseGraphs: Training = async ({ data, work }) => {
  await mkdir(work, { recursive: true });
  await mkdir(join(PACK, 'ranges'), { recursive: true });
  const finder = await Finder.open();
  const made: string[] = [];
  for (const { name, after, shape, inputs } of PLANS) {
    const graph = await readFile(join(PACK, `${name}.onnx`));
    const ranges = await calibrate(graph, after, shape, inputs(finder, data), join(work, `${name}.onnx`));
    await writeFile(join(PACK, 'ranges', `${name}.json`), asJson(ranges));
    const file = `${name}-8-bit.onnx`;
    const transforms = await stepsBetween(`${name}.onnx`, file);
    made.push(`${file} is made, SHA-256 ${await install(file, applyTransforms(graph, transforms))}.`);
  }
  await finder.close();
  return made.join('\n');
};

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
