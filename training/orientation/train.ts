/** Trains the orientation network of the default pack: features and turns to models/default/heads/orientation.onnx. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from '../install.js';
import { runPython } from '../python.js';
import type { Training } from '../training.js';
import { extract } from './extract.js';

const FILE = 'heads/orientation.onnx';
const SCRIPT = join('training', 'orientation', 'train.py');

export const trainOrientation: Training = async ({ data, work, python, seed, isExtracted }) => {
  if (!isExtracted) await extract(data, work);
  const trained = join(work, 'orientation.onnx');
  await runPython(python, SCRIPT, ['--looks', work, '--out', trained, '--seed', seed]);
  return `${FILE} is trained, SHA-256 ${await install(FILE, await readFile(trained))}.`;
};
