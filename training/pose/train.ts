/** Trains the quick pose of the default pack: features and angles to models/default/heads/quick-pose.onnx. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from '../install.js';
import { runPython } from '../python.js';
import type { Training } from '../training.js';
import { extract } from './extract.js';

const FILE = 'heads/quick-pose.onnx';
const SCRIPT = join('training', 'pose', 'train.py');

export const trainPose: Training = async ({ data, work, python, seed, isExtracted }) => {
  if (!isExtracted) await extract(data, work);
  const trained = join(work, 'quick-pose.onnx');
  await runPython(python, SCRIPT, ['--faces', work, '--out', trained, '--seed', seed]);
  return `${FILE} is trained, SHA-256 ${await install(FILE, await readFile(trained))}.`;
};
