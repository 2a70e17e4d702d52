/** The part of pack.json that the tools use: the files of the pack, and where they come from. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { AppError, messageOf } from '../../src/errors.js';
import { violationsOf } from '../../src/validation-errors.js';
import { type Installation, readInstallation } from '../../src/packs/installation.js';
import { type Manifest, manifestPath, readManifests, wrong } from '../../src/packs/manifest.js';
import { Build, Download, PackageSource, PackFile, type Source, TransformName } from './sources.js';
import type { Ranges } from './transforms/quantisable.js';

/** A pack as the tools see it. */
export interface Recipe {
  readonly name: string;
  readonly description: string;
  readonly licence: string;
  /** Absolute path of the pack's folder. */
  readonly folder: string;
  readonly sources: Readonly<Record<string, Source>>;
  readonly files: readonly PackFile[];
  /** The record of its last installation. */
  readonly installation?: Installation;
  /** The pack that it extends. */
  readonly base?: Recipe;
}

/**
 * Reads the recipe of the pack `name`, and of the packs it extends.
 * @throws AppError `invalid_pack` if there is no such pack, or its pack.json is wrong
 */
export async function readRecipe(modelsDir: string, name: string): Promise<Recipe> {
  const folder = resolve(modelsDir, name);
  if (!existsSync(manifestPath(folder))) {
    const packs = await packNames(modelsDir);
    const known = packs.length > 0 ? `there are ${packs.join(', ')}` : 'there is none; check MODELS_DIR';
    const message = `The pack "${name}" has no readable ${manifestPath(folder)} (${known}).`;
    throw new AppError('invalid_pack', message);
  }
  let recipe: Recipe | undefined;
  for (const manifest of readManifests(folder).reverse()) {
    const ownName = manifest.folder === folder ? name : basename(manifest.folder);
    recipe = { ...(await recipeOf(ownName, manifest)), base: recipe };
  }
  return recipe as Recipe;
}

async function recipeOf(name: string, { folder, path, content }: Manifest): Promise<Recipe> {
  const installation = readInstallation(folder);
  const problems: string[] = [];
  const sources = Object.fromEntries(
    Object.entries(asObject(content['sources'])).map(([key, value]) => [
      key,
      checkedSource(value, `sources.${key}`, problems),
    ]),
  );
  const files = graphsIn(content.models).map((value) => {
    const graph = checked(PackFile, value, `models (${String(value['file'])})`, problems);
    if (value['build'] !== undefined)
      graph.build = checkedBuild(value['build'], graph.file, sources, problems);
    graph.sha256 ??= installation?.files[graph.file];
    return graph;
  });
  for (const { build } of files) await readRanges(build, folder, problems);
  if (problems.length > 0) throw wrong(path, ...problems);
  return {
    name,
    description: asText(content['description']),
    licence: asText(content['licence']),
    folder,
    sources,
    // Two roles may share a graph.
    files: [...new Map(files.map((file) => [file.file, file])).values()],
    installation,
  };
}

/** Names of the folders of `modelsDir` that hold a pack.json, sorted. */
export async function packNames(modelsDir: string): Promise<string[]> {
  const files = await readdir(modelsDir, { withFileTypes: true }).catch(() => []);
  const folders = files.filter((each) => each.isDirectory()).map(({ name }) => name);
  const marks = await Promise.all(
    folders.map((name) => readdir(join(modelsDir, name)).catch((): string[] => [])),
  );
  return folders.filter((_, index) => marks[index]?.includes('pack.json')).sort();
}

/** Every object with a `file` under `models`, at any depth, as roles may be grouped. */
function graphsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const object = asObject(value);
  if (!('file' in object)) return Object.values(object).flatMap(graphsIn);
  return 'onCpu' in object ? [object, variantOf(object)] : [object];
}

/** The graph that a CPU runs instead: made like `graph`, or from it where it comes with the pack, by further steps. */
function variantOf(graph: Record<string, unknown>): Record<string, unknown> {
  const { transforms, ...variant } = asObject(graph['onCpu']);
  const build = asObject(graph['build'] ?? { path: graph['file'] });
  const [before, after] = [build['transforms'] ?? [], transforms ?? []].map(asList);
  return { ...variant, forCpu: true, build: { ...build, transforms: [...before, ...after] } };
}

/** Replaces the names of files with ranges by the ranges. */
async function readRanges(build: Build | undefined, folder: string, problems: string[]): Promise<void> {
  if (!Array.isArray(build?.transforms)) return;
  build.transforms = await Promise.all(
    build.transforms.map(async (transform) => {
      if (transform.op !== 'quantise') return transform;
      const file = asText(transform.ranges);
      try {
        return { ...transform, ranges: JSON.parse(await readFile(join(folder, file), 'utf8')) as Ranges };
      } catch (error) {
        problems.push(`build of ${build.path}: ${file} cannot be read as JSON: ${messageOf(error)}`);
        return transform;
      }
    }),
  );
}

function checkedSource(value: unknown, path: string, problems: string[]): Source {
  return 'url' in asObject(value)
    ? checked(Download, value, path, problems)
    : checked(PackageSource, value, path, problems);
}

function checkedBuild(
  value: unknown,
  file: string,
  sources: Readonly<Record<string, Source>>,
  problems: string[],
): Build {
  const build = checked(Build, value, `build of ${file}`, problems);
  if (build.source !== undefined && !Object.hasOwn(sources, build.source))
    problems.push(`build of ${file}: there is no source "${build.source}"`);
  if (!Array.isArray(build.transforms)) problems.push(`build of ${file}: transforms must be an array`);
  else for (const each of build.transforms) checked(TransformName, each, `build of ${file}`, problems);
  return build;
}

function checked<T extends object>(type: new () => T, value: unknown, path: string, problems: string[]): T {
  const instance = plainToInstance(type, asObject(value));
  const violations = violationsOf(validateSync(instance, { forbidUnknownValues: false }));
  problems.push(...violations.map(({ message }) => `${path}: ${message}`));
  return instance;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
