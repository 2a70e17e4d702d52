/** Prepares a model pack: fetches its sources, transforms them, checks the results and puts them into place. */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../src/errors.js';
import { applyTransforms } from './apply-transforms.js';
import { inspect, sha256 } from './checksum.js';
import { explainDisk } from './failures.js';
import type { Files } from './fetch.js';
import type { Terminal } from './progress.js';
import type { Build, PackFile, Recipe } from './recipe.js';
import { withWorkFolder } from './work-folder.js';

/** A file that is not there or not right, and how it is made. */
type Task = PackFile & { readonly build: Build };

/**
 * Makes every file of the pack that is missing or damaged; touches neither network nor disk when there is none.
 * Either all of them are put into place, each by one rename, or the folder stays as it was.
 * @returns the names of the files it made
 * @throws AppError `pack_unavailable` or `invalid_pack`, with a sentence that says what to do
 */
export async function prepare(recipe: Recipe, terminal: Terminal): Promise<string[]> {
  try {
    const tasks = await tasksOf(recipe);
    if (tasks.length > 0)
      await withWorkFolder(recipe.folder, (folder) => make(recipe, tasks, folder, terminal));
    return tasks.map(({ file }) => file);
  } catch (error) {
    throw explainDisk(error, recipe.folder) ?? error;
  }
}

async function tasksOf(recipe: Recipe): Promise<Task[]> {
  const wanting = (await inspect(recipe)).filter(({ state }) => state !== 'ok');
  return wanting.map(({ file, state }) => {
    if (isTask(file)) return file;
    const message = `${file.file} of the pack "${recipe.name}" is ${state} and comes with it: restore it (git checkout).`;
    throw new AppError('invalid_pack', message);
  });
}

function isTask(file: PackFile): file is Task {
  return file.build !== undefined;
}

async function make(recipe: Recipe, tasks: readonly Task[], work: string, terminal: Terminal): Promise<void> {
  // Loaded here, because npm's client takes longer to load than a start that finds everything in place takes.
  const { fetchFiles } = await import('./fetch.js');
  for (const [key, source] of Object.entries(recipe.sources)) {
    const own = tasks.filter(({ build }) => build.source === key);
    if (own.length === 0) continue;
    const files = await fetchFiles(
      source,
      own.map(({ build }) => build.path),
      join(work, 'cache'),
      terminal,
    );
    for (const task of own) await writeDurably(join(work, task.file), transformed(task, files));
  }
  for (const { file } of tasks) await putIntoPlace(join(work, file), join(recipe.folder, file));
}

/** @throws AppError `invalid_pack` where the result is not the one pack.json pins */
function transformed({ file, sha256: expected, build }: Task, files: Files): Uint8Array {
  const source = files.get(build.path) ?? new Uint8Array();
  const bytes = applyTransforms(source, build.transforms);
  const actual = sha256(bytes);
  if (actual === expected) return bytes;
  const message = `${file} came out with SHA-256 ${actual} where pack.json pins ${expected}: its transforms have changed.`;
  throw new AppError('invalid_pack', message);
}

/** Returns when the bytes are on the disk: a rename must never make a file visible whose content is not. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** One rename: a reader sees the old file or the new one. Two preparations at once put the same bytes there. */
async function putIntoPlace(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
}
