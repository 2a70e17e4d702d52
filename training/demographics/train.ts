/** Trains the network that tells gender, age and race: faces of FairFace to models/default/heads/demographics.onnx. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyTransforms } from '../../models/tools/apply-transforms.js';
import { extractFaces } from '../faces/extract.js';
import { install } from '../install.js';
import { publishedTrunk } from '../published.js';
import { runPython } from '../python.js';
import type { Training } from '../training.js';
import { quantiseGraph } from '../eight-bit/train.js';

const FILE = 'heads/demographics.onnx';
const SCRIPT = join('training', 'demographics', 'train.py');

export const trainDemographics: Training = async ({ data, work, python, seed, isExtracted }) => {
  if (!isExtracted) await extractFaces(data, work);
  const [trunk, trained] = [join(work, 'trunk.onnx'), join(work, 'demographics.onnx')];
  await writeFile(trunk, await publishedTrunk());
  await runPython(python, SCRIPT, ['--faces', work, '--trunk', trunk, '--out', trained, '--seed', seed]);
  // Tuning does not revive the trunk's constant channels.
  const graph = applyTransforms(await readFile(trained), [
    { op: 'dropConstantChannels' },
    { op: 'padChannels' },
  ]);
  const made = `${FILE} is trained, SHA-256 ${await install(FILE, graph)}.`;
  return `${made}\n${await quantiseGraph('demographics', { data, work })}`;
};
