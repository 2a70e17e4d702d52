/** SHA-256 of files, which distinguishes a finished graph from a damaged or outdated one. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Recipe } from './recipe.js';
import type { PackFile } from './sources.js';

/** The state of a file of a pack; `unpinned`: it is there, but its checksum is not known. */
export type FileState = 'ok' | 'missing' | 'damaged' | 'unpinned';

/** SHA-256 of `bytes`, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of the file at `path`, in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

/** The state of every file of the pack, in the order of pack.json. */
export function inspect({ folder, files }: Recipe): Promise<{ file: PackFile; state: FileState }[]> {
  return Promise.all(
    files.map(async (file) => ({ file, state: await stateOf(join(folder, file.file), file.sha256) })),
  );
}

async function stateOf(path: string, expected: string | undefined): Promise<FileState> {
  try {
    const actual = await sha256OfFile(path);
    if (expected === undefined) return 'unpinned';
    return actual === expected ? 'ok' : 'damaged';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
    throw error;
  }
}
