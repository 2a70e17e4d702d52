/** Loads the configured pack: its pack.json, completed by the pack it extends, and checks that its graphs are there. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { violationsOf } from '../validation-errors.js';
import { readInstallation } from './installation.js';
import { type Manifest, type ManifestContent, manifestPath, readManifests, wrong } from './manifest.js';
import type { GraphFile } from './model-file.js';
import { modelsOf, Pack, type PackModels } from './pack.js';

/**
 * The configured pack.
 * @throws AppError `invalid_pack` naming the file and the field that is wrong, or the model that is missing or damaged
 */
export function loadPack({ modelsDir, modelPack }: Pick<Config, 'modelsDir' | 'modelPack'>): Pack {
  const folder = resolve(modelsDir, modelPack);
  const pack = plainToInstance(Pack, merge(readManifests(folder)));
  const violations = violationsOf(validateSync(pack, { forbidUnknownValues: false }));
  if (violations.length > 0) throw wrong(manifestPath(folder), ...violations.map(({ message }) => message));
  pack.folder = folder;

  for (const [field, graph] of graphsOf(pack.models)) {
    const path = join(folder, graph.file);
    const [name] = relative(resolve(modelsDir), path).split(sep);
    if (!existsSync(path)) {
      throw new AppError(
        'invalid_pack',
        `The model pack "${modelPack}" lacks ${graph.file}: run \`npm run models -- install ${name}\`.`,
      );
    }
    // Once per process is enough: workers open the files that the main thread has just checked.
    if (isMainThread) assertIntact(path, field, graph, resolve(modelsDir, name));
  }
  return pack;
}

/** A pack's own manifest; the roles it lacks come from the pack it extends. */
function merge([own, ...bases]: readonly Manifest[]): ManifestContent {
  if (bases.length === 0) return own.content;
  const { models: theirs = {} } = merge(bases);
  const inherited = Object.fromEntries(
    Object.entries(theirs).map(([role, model]) => [role, relocated(bases[0].folder, model)]),
  );
  const recognition = own.content.models?.['recognition'];
  // The base's heads were trained on the features of the base's recognition model.
  const needsTrunk = recognition !== undefined && recognition['hasFeatures'] !== true;
  const trunk = needsTrunk && { trunk: inherited['recognition'] };
  const demographics = own.content.models?.['demographics'] !== undefined && {
    inheritedDemographics: inherited['demographics'],
  };
  return { ...own.content, models: { ...trunk, ...inherited, ...demographics, ...own.content.models } };
}

/** A model of the pack in `folder`, its paths relative to the folder of a pack beside it. */
function relocated(folder: string, model: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const onCpu = model['onCpu'] as { readonly file?: unknown } | undefined;
  return {
    ...model,
    file: besides(folder, String(model['file'])),
    onCpu: onCpu && { ...onCpu, file: besides(folder, String(onCpu.file)) },
  };
}

/** Path of another pack's file, relative to a folder beside that pack's. */
function besides(folder: string, file: string): string {
  return file.startsWith('../') ? file : `../${basename(folder)}/${file}`;
}

/** Every graph of the models, with the field that names it. */
function graphsOf(models: PackModels): [field: string, graph: GraphFile][] {
  return modelsOf(models).flatMap(([role, model]) => {
    const graph: [string, GraphFile] = [`models.${role}`, model];
    return model.onCpu === undefined ? [graph] : [graph, [`models.${role}.onCpu`, model.onCpu]];
  });
}

/**
 * Compares a file with its checksum in pack.json, or else with the one recorded at installation, where there is one.
 */
function assertIntact(path: string, field: string, { sha256, file }: GraphFile, owner: string): void {
  const noted = readInstallation(owner)?.files[relative(owner, path)];
  const expected = sha256 ?? noted;
  if (expected === undefined) return;
  const actual = createHash('sha256').update(readModel(path)).digest('hex');
  if (actual === expected) return;
  throw new AppError(
    'invalid_pack',
    `${file} is damaged or another file: its SHA-256 is ${actual}, not ${expected} (${field}.sha256); ` +
      `run \`npm run models -- install ${basename(owner)}\`.`,
  );
}

function readModel(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new AppError('invalid_pack', `${path} cannot be read (${messageOf(cause)}).`, {}, { cause });
  }
}
