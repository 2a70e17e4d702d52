/**
 * Models as published, with the pack's names of inputs and outputs but without the steps that make them fast: the start
 * of tuning.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../src/errors.js';
import { applyTransforms } from '../models/tools/apply-transforms.js';
import { fetchFiles } from '../models/tools/fetch.js';
import { readRecipe } from '../models/tools/recipe.js';
import { PackageSource } from '../models/tools/sources.js';

/** The layers of the recognition model as they were trained. */
export function publishedTrunk(): Promise<Uint8Array> {
  return published('default', 'recognition.onnx');
}

/** The detector before it was tuned. */
export function publishedDetector(): Promise<Uint8Array> {
  return published('ultra-light', 'detector.onnx');
}

/** Fetches a graph and renames its inputs and outputs. @throws AppError if it cannot be fetched */
async function published(pack: string, name: string): Promise<Uint8Array> {
  const { files, sources } = await readRecipe('models', pack);
  const build = files.find(({ file }) => file === name)?.build;
  const source = build?.source === undefined ? undefined : sources[build.source];
  if (build === undefined || !(source instanceof PackageSource))
    throw new AppError('invalid_pack', `The pack "${pack}" does not say how ${name} is made.`);
  const cache = join(tmpdir(), 'face-models-cache');
  const bytes = await fetchFiles(source, [build.path], cache, process.stderr);
  const renamed = build.transforms.filter(({ op }) => op === 'interface' || op === 'dynamicBatch');
  return applyTransforms(bytes.get(build.path) ?? new Uint8Array(), renamed);
}
