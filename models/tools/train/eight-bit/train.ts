/** Makes the graphs that a CPU runs: measures the ranges of their tensors and rewrites them in 8 bits. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SIGNATURE as POSE_SIGNATURE } from '../../../../src/attributes/hopenet.js';
import { SIGNATURE } from '../../../../src/detection/ultraface.js';
import type { Shape } from '../../../../src/sessions/signature.js';
import type { Tensor } from '../../../../src/vision/tensor.js';
import { AppError } from '../../../../src/errors.js';
import { applyTransforms, type Transform } from '../../apply-transforms.js';
import { readRecipe } from '../../recipe.js';
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
    const transforms = await ownTransforms(file);
    made.push(`${file} is made, SHA-256 ${await install(file, applyTransforms(graph, transforms))}.`);
  }
  await finder.close();
  return made.join('\n');
};

/** One line for each tensor. */
function asJson(ranges: object): string {
  const lines = Object.entries(ranges).map(([name, range]) => {
    const [least, most] = range as readonly number[];
    return `  ${JSON.stringify(name)}: [${least}, ${most}]`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** The steps from the finished float graph to its form in 8 bits. */
async function ownTransforms(file: string): Promise<Transform[]> {
  const { files } = await readRecipe('models', 'default');
  const build = files.find((each) => each.file === file)?.build;
  if (build === undefined) throw new AppError('invalid_pack', `The default pack has no ${file}.`);
  const own: Transform['op'][] = ['pairSoftmax', 'quantise'];
  return build.transforms.filter(({ op }) => own.includes(op));
}
