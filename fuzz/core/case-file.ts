/** Files of cases that broke a rule, for a replay. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Case } from './suite.js';

export const FOLDER = 'fuzz-faults';

/** The content of the file. */
export interface SavedCase {
  readonly suite: string;
  readonly seed: number;
  readonly index: number;
  readonly faults: readonly string[];
  /** The end of the service's output. */
  readonly output: string;
  readonly case: Case;
}

/** Saves a case. @returns the path of the file */
export async function saveCase(saved: SavedCase): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const title = saved.case.title.replace(/[^a-z0-9]+/gi, '-').slice(0, 60);
  const file = join(FOLDER, `${saved.suite}-${saved.seed}-${saved.index}-${title}.json`);
  await writeFile(file, `${JSON.stringify(saved, null, 1)}\n`);
  return file;
}

export async function readCase(file: string): Promise<SavedCase> {
  return JSON.parse(await readFile(file, 'utf8')) as SavedCase;
}
