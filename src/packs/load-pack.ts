/** Reads and checks models/<pack>/pack.json. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { type ModelFile, Pack } from './pack.js';

/**
 * The configured pack.
 * @throws AppError `invalid_pack` naming the file and the field that is wrong, or the model that is missing
 */
export function loadPack({ modelsDir, modelPack }: Pick<Config, 'modelsDir' | 'modelPack'>): Pack {
  const folder = resolve(modelsDir, modelPack);
  const manifest = join(folder, 'pack.json');
  if (!existsSync(manifest)) {
    throw new AppError('invalid_pack', `There is no model pack "${modelPack}": ${manifest} does not exist.`);
  }
  const pack = plainToInstance(Pack, parse(manifest));
  const problems = validateSync(pack, { forbidUnknownValues: false }).flatMap((error) => describe(error, ''));
  if (problems.length > 0)
    throw new AppError('invalid_pack', `${manifest} is wrong: ${problems.join('; ')}.`);
  pack.folder = folder;

  const missing = Object.values<ModelFile>({ ...pack.models }).find(
    ({ file }) => !existsSync(join(folder, file)),
  );
  if (missing !== undefined) {
    throw new AppError(
      'invalid_pack',
      `The model pack "${modelPack}" lacks ${missing.file}; run \`npm run models\` to prepare it.`,
    );
  }
  return pack;
}

function parse(manifest: string): object {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8')) as object;
  } catch (error) {
    throw new AppError(
      'invalid_pack',
      `${manifest} cannot be read as JSON: ${messageOf(error)}`,
      {},
      { cause: error },
    );
  }
}

/** One sentence per violated rule, with the path of the field. */
function describe({ property, constraints, children }: ValidationError, parent: string): string[] {
  const path = parent === '' ? property : `${parent}.${property}`;
  const own = Object.values(constraints ?? {}).map((text) => text.replace(property, path));
  return [...own, ...(children ?? []).flatMap((child) => describe(child, path))];
}
