/** Prepares a model pack: fetches its sources, transforms them, checks the results and moves them into place. */
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../src/errors.js';
import { INSTALLATION_FILE } from '../../src/packs/installation.js';
import { inspect, sha256 } from './checksum.js';
import { explainDisk, isDiskFull } from './failures.js';
import { dropPartial, keepPartial, takePartial } from './partial.js';
import { mib, type Terminal } from './progress.js';
import type { Recipe } from './recipe.js';
import { type Build, Download, type PackFile, type PackageSource } from './sources.js';
import { withWorkFolder } from './work-folder.js';

/** A missing or damaged file, and how it is made. */
type Task = PackFile & { readonly build: Build };

/** How far a preparation may go. */
export interface PrepareOptions {
  readonly terminal: Terminal;
  /** Returns if the licence of a download is accepted and throws otherwise; without it, no download is fetched. */
  readonly accept?: (pack: string, source: Download) => Promise<void>;
  /** A local file, or another URL, to use instead of the pack's download. */
  readonly from?: string;
}

/**
 * Makes every missing or damaged file of the pack and of those it extends; uses neither network nor disk if there is
 * none. Either all files of a pack are moved into place, each by one rename, or its folder stays as it was, except for
 * the part of a download that another run can resume.
 * @returns the names of the files it made
 * @throws AppError `pack_unavailable` or `invalid_pack`, with a sentence that says what to do
 */
export async function prepare(recipe: Recipe, options: PrepareOptions): Promise<string[]> {
  try {
    const tasks = await tasksOf(recipe);
    await refuseUnaccepted(recipe, tasks, options);
    if (tasks.length > 0)
      await withWorkFolder(
        recipe.folder,
        (work) => make(recipe, tasks, work, options),
        (work) => keepPartial(recipe.folder, work),
      );
    // The options are for this pack, not for those it extends.
    const inherited =
      recipe.base === undefined ? [] : await prepare(recipe.base, { ...options, from: undefined });
    return [...tasks.map(({ file }) => file), ...inherited];
  } catch (error) {
    throw explainDisk(error, recipe.folder) ?? error;
  }
}

async function tasksOf(recipe: Recipe): Promise<Task[]> {
  const wanting = (await inspect(recipe)).filter(({ state }) => state === 'missing' || state === 'damaged');
  return wanting.map(({ file, state }) => {
    if (isTask(file)) return file;
    const message = `${file.file} of the pack "${recipe.name}" is ${state} and comes with it: restore it (git checkout).`;
    throw new AppError('invalid_pack', message);
  });
}

function isTask(file: PackFile): file is Task {
  return file.build !== undefined;
}

/** Checks before anything is fetched: downloads with a licence to accept are made only by `install`. */
async function refuseUnaccepted(
  { name, sources }: Recipe,
  tasks: readonly Task[],
  { accept }: PrepareOptions,
): Promise<void> {
  for (const [key, source] of Object.entries(sources)) {
    if (!(source instanceof Download) || !tasks.some(({ build }) => build.source === key)) continue;
    if (accept === undefined) {
      const size = source.bytes === undefined ? '' : `${mib(source.bytes)} MiB; `;
      throw new AppError(
        'pack_unavailable',
        `The model pack "${name}" is not installed: run \`npm run models -- install ${name}\` (${size}licence: ${source.licence}).`,
      );
    }
    await accept(name, source);
  }
}

async function make(
  recipe: Recipe,
  tasks: readonly Task[],
  work: string,
  options: PrepareOptions,
): Promise<void> {
  takePartial(recipe.folder, work);
  for (const [key, source] of Object.entries(recipe.sources)) {
    const own = tasks.filter(({ build }) => build.source === key);
    if (own.length === 0) continue;
    // Imported here, and the transforms below, because loading them takes longer than a start with all files in place.
    if (source instanceof Download) {
      const { fetchDownload } = await import('./fetch-download.js');
      await fetchDownload(source, own, work, options).catch((error: unknown) => {
        if (isDiskFull(error)) dropPartial(work);
        throw error;
      });
    } else await fetchPackage(source, own, work, options.terminal);
  }
  for (const task of tasks.filter(({ build }) => build.source === undefined)) {
    const own = await readFile(join(recipe.folder, task.build.path));
    await write(join(work, task.file), await transformed(task, own));
  }
  const note = join(work, INSTALLATION_FILE);
  for (const { file } of tasks) await putIntoPlace(join(work, file), join(recipe.folder, file));
  if (existsSync(note)) await putIntoPlace(note, join(recipe.folder, INSTALLATION_FILE));
  dropPartial(work);
}

async function fetchPackage(
  source: PackageSource,
  tasks: readonly Task[],
  work: string,
  terminal: Terminal,
): Promise<void> {
  const { fetchFiles } = await import('./fetch.js');
  const paths = tasks.map(({ build }) => build.path);
  const files = await fetchFiles(source, paths, join(work, 'cache'), terminal);
  for (const task of tasks)
    await write(
      join(work, task.file),
      await transformed(task, files.get(task.build.path) ?? new Uint8Array()),
    );
}

/** @throws AppError `invalid_pack` if the result is not the one that pack.json pins */
async function transformed({ file, sha256: expected, build }: Task, source: Uint8Array): Promise<Uint8Array> {
  const { applyTransforms } = await import('./apply-transforms.js');
  const bytes = applyTransforms(source, build.transforms);
  const actual = sha256(bytes);
  if (actual === expected) return bytes;
  const message = `${file} came out with SHA-256 ${actual} where pack.json pins ${expected}: its transforms have changed.`;
  throw new AppError('invalid_pack', message);
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/**
 * By one rename, a reader sees either the old file or the new one. Two simultaneous preparations write the same bytes.
 * The content is flushed to the disk first, so that the renamed file is never incomplete.
 */
async function putIntoPlace(from: string, to: string): Promise<void> {
  const file = await open(from, 'r+');
  await file.sync().finally(() => file.close());
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
}
