/** Tunes the detector of the default pack: pictures and boxes to models/default/detector.onnx. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { install } from '../install.js';
import { publishedDetector } from '../published.js';
import { Judge } from '../../evaluation/judge.js';
import { runPython } from '../python.js';
import type { Training } from '../training.js';
import { writePictures } from './pictures.js';

const FILE = 'detector.onnx';
const SCRIPT = join('training', 'detector', 'train.py');

export const tuneDetector: Training = async ({
  data,
  drawings,
  work,
  teacher,
  python,
  seed,
  isExtracted,
}) => {
  if (!isExtracted) await writePictures(data, drawings, await Judge.teacher(teacher), work);
  const [published, tuned] = [join(work, 'published.onnx'), join(work, FILE)];
  await writeFile(published, await publishedDetector());
  const files = ['--pictures', work, '--detector', published, '--out', tuned];
  await runPython(python, SCRIPT, [...files, '--seed', seed]);
  const hash = await install(FILE, await readFile(tuned));
  return `${FILE} is tuned, SHA-256 ${hash}; \`npm run train -- eight-bit\` makes the graph that a CPU runs.`;
};
