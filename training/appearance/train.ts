/** Trains the appearance heads of the default pack: crops to models/default/heads/appearance.onnx. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyTransforms } from '../../models/tools/apply-transforms.js';
import { install } from '../install.js';
import { publishedTrunk } from '../published.js';
import { runPython } from '../python.js';
import type { Training } from '../training.js';
import { quantiseGraph } from '../eight-bit/train.js';
import { extract } from './extract.js';

const FILE = 'heads/appearance.onnx';
const SCRIPT = join('training', 'appearance', 'train.py');

export const trainAppearance: Training = async ({ data, work, judge, python, seed, isExtracted }) => {
  if (!isExtracted) await extract(data, judge, work);
  const [trunk, trained] = [join(work, 'trunk.onnx'), join(work, 'appearance.onnx')];
  await writeFile(trunk, await publishedTrunk());
  const files = ['--crops', work, '--trunk', trunk, '--out', trained];
  await runPython(python, SCRIPT, [...files, '--seed', seed]);
  // Fine-tuning does not revive the trunk's constant channels.
  const graph = applyTransforms(await readFile(trained), [
    { op: 'dropConstantChannels' },
    { op: 'padChannels' },
  ]);
  const made = `${FILE} is trained, SHA-256 ${await install(FILE, graph)}.`;
  return `${made}\n${await quantiseGraph('appearance', { data, work })}`;
};
