/** SHA-256 of files: what tells a finished graph from a missing, damaged or outdated one. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackFile, Recipe } from './recipe.js';

/** What is the matter with a file of a pack. */
export type FileState = 'ok' | 'missing' | 'damaged';

/** SHA-256 of `bytes`, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The state of every file of the pack, in the order of pack.json. */
export function inspect({ folder, files }: Recipe): Promise<{ file: PackFile; state: FileState }[]> {
  return Promise.all(
    files.map(async (file) => ({ file, state: await stateOf(join(folder, file.file), file.sha256) })),
  );
}

async function stateOf(path: string, expected: string): Promise<FileState> {
  try {
    return sha256(await readFile(path)) === expected ? 'ok' : 'damaged';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
    throw error;
  }
}
