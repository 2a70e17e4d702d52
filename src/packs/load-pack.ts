/** Reads and checks models/<pack>/pack.json, with the pack it extends. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { violationsOf } from '../validation-errors.js';
import { readInstallation } from './installation.js';
import type { GraphFile, ModelFile } from './model-file.js';
import { Pack, type PackModels } from './pack.js';
import { renamedFields } from './renamed-fields.js';

type Models = Readonly<
  Record<
    string,
    { readonly file?: unknown; readonly onCpu?: { readonly file?: unknown }; readonly hasFeatures?: unknown }
  >
>;

/** What a pack.json says, before it is checked. */
interface Manifest {
  readonly extends?: unknown;
  readonly models?: Models;
}

/**
 * The configured pack.
 * @throws AppError `invalid_pack` naming the file and the field that is wrong, or the model that is missing or damaged
 */
export function loadPack({ modelsDir, modelPack }: Pick<Config, 'modelsDir' | 'modelPack'>): Pack {
  const folder = resolve(modelsDir, modelPack);
  const pack = plainToInstance(Pack, read(folder, []));
  const violations = violationsOf(validateSync(pack, { forbidUnknownValues: false }));
  if (violations.length > 0) {
    const problems = violations.map(({ message }) => message).join('; ');
    throw new AppError('invalid_pack', `${manifestOf(folder)} is wrong: ${problems}.`);
  }
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
    // Once per process is enough: the workers open the files that the main thread has just read.
    if (isMainThread) assertIntact(path, field, graph, resolve(modelsDir, name));
  }
  return pack;
}

/**
 * The manifest in `folder`; a role that it lacks is filled in from the pack it extends, whose folder lies beside it.
 * @param extending folders of the packs that extend this one
 */
function read(folder: string, extending: readonly string[]): Manifest {
  const manifest = manifestOf(folder);
  if (!existsSync(manifest)) {
    const name = basename(folder);
    const message = existsSync(dirname(folder))
      ? `There is no model pack "${name}": ${manifest} does not exist.`
      : `There are no models: the folder ${dirname(folder)} (MODELS_DIR) does not exist.`;
    throw new AppError('invalid_pack', message);
  }
  const own = parse(manifest);
  if (typeof own.extends !== 'string') return own;
  const base = resolve(folder, '..', basename(own.extends));
  if ([folder, ...extending].includes(base)) {
    const message = `${manifest} is wrong: extends: "${own.extends}" extends this pack in turn.`;
    throw new AppError('invalid_pack', message);
  }
  const { models: theirs = {} } = read(base, [folder, ...extending]);
  const inherited: Models = Object.fromEntries(
    Object.entries(theirs).map(([role, model]) => [
      role,
      {
        ...model,
        file: besides(base, String(model.file)),
        onCpu: model.onCpu && { ...model.onCpu, file: besides(base, String(model.onCpu.file)) },
      },
    ]),
  );
  const recognition = own.models?.['recognition'];
  // What was trained on the base's recognition model cannot read another one's features.
  const needsTrunk = recognition !== undefined && recognition.hasFeatures !== true;
  const trunk = needsTrunk && { trunk: inherited['recognition'] };
  return { ...own, models: { ...trunk, ...inherited, ...own.models } };
}

/** Path of another pack's file as seen from a folder beside that pack's. */
function besides(folder: string, file: string): string {
  return file.startsWith('../') ? file : `../${basename(folder)}/${file}`;
}

/** Every graph that the models name, by the field that does. */
function graphsOf(models: PackModels): [field: string, graph: GraphFile][] {
  return Object.entries<ModelFile | undefined>({ ...models }).flatMap(([role, model]) => {
    if (model === undefined) return [];
    const graph: [string, GraphFile] = [`models.${role}`, model];
    return model.onCpu === undefined ? [graph] : [graph, [`models.${role}.onCpu`, model.onCpu]];
  });
}

/** Where pack.json pins no checksum, the one noted when the pack was installed counts; without either, none does. */
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

function manifestOf(folder: string): string {
  return join(folder, 'pack.json');
}

function parse(manifest: string): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(manifest, 'utf8'));
  } catch (error) {
    throw new AppError(
      'invalid_pack',
      `${manifest} cannot be read as JSON: ${messageOf(error)}`,
      {},
      { cause: error },
    );
  }
  if (!isRecord(parsed)) throw new AppError('invalid_pack', `${manifest} is wrong: it is no JSON object.`);
  const { models } = parsed;
  if (models !== undefined && !(isRecord(models) && Object.values(models).every(isRecord)))
    throw new AppError('invalid_pack', `${manifest} is wrong: models must be an object of objects.`);
  const renamed = renamedFields(models?.['detector']);
  if (renamed.length > 0) throw new AppError('invalid_pack', `${manifest} is wrong: ${renamed.join('; ')}.`);
  return parsed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
