/**
 * Reads models/<pack>/pack.json, and those of the packs it extends: for the service, and for the tools that install
 * packs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import { renamedFields } from './renamed-fields.js';

/** What a pack.json says, its fields not checked yet. */
export interface ManifestContent {
  readonly [field: string]: unknown;
  readonly models?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** One pack.json. */
export interface Manifest {
  /** Absolute path of the pack's folder. */
  readonly folder: string;
  /** Absolute path of the file. */
  readonly path: string;
  readonly content: ManifestContent;
}

/**
 * The manifest of a pack, then that of the pack it extends, whose folder lies beside it, and so on.
 * @param folder of the pack
 * @throws AppError `invalid_pack` naming the file that is missing or that cannot be understood
 */
export function readManifests(folder: string): Manifest[] {
  const manifests: Manifest[] = [];
  for (let next: string | undefined = folder; next !== undefined;) {
    const manifest = read(next);
    manifests.push(manifest);
    const { path, content } = manifest;
    next =
      typeof content['extends'] === 'string' ? resolve(next, '..', basename(content['extends'])) : undefined;
    if (manifests.some((one) => one.folder === next))
      throw wrong(path, `extends: "${String(content['extends'])}" extends this pack in turn`);
  }
  return manifests;
}

/** The error for a pack.json with problems. */
export function wrong(path: string, ...problems: readonly string[]): AppError {
  return new AppError('invalid_pack', `${path} is wrong: ${problems.join('; ')}.`);
}

/** Path of the pack.json in a folder. */
export function manifestPath(folder: string): string {
  return join(folder, 'pack.json');
}

function read(folder: string): Manifest {
  const path = manifestPath(folder);
  if (!existsSync(path)) {
    const message = existsSync(dirname(folder))
      ? `There is no model pack "${basename(folder)}": ${path} does not exist.`
      : `There are no models: the folder ${dirname(folder)} (MODELS_DIR) does not exist.`;
    throw new AppError('invalid_pack', message);
  }
  const content = parse(path);
  if (!isObject(content)) throw wrong(path, 'it is not a JSON object');
  if (!hasModels(content)) throw wrong(path, 'models must be an object of objects');
  const renamed = renamedFields(content.models?.['detector']);
  if (renamed.length > 0) throw wrong(path, ...renamed);
  return { folder, path, content };
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AppError('invalid_pack', `${path} cannot be read as JSON: ${messageOf(cause)}`, {}, { cause });
  }
}

function hasModels(content: Record<string, unknown>): content is Record<string, unknown> & ManifestContent {
  const { models } = content;
  return models === undefined || (isObject(models) && Object.values(models).every(isObject));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
