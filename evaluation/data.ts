/** Data sets: a folder with `images/` and one CSV of labels without quoted fields. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** One line of a CSV file, by the names of its columns. */
export type Row = Readonly<Record<string, string>>;

/** Whether a data set exists. */
export function isPresent(folder: string): boolean {
  return existsSync(folder);
}

/** Reads a CSV file whose first line names the columns. */
export async function readCsv(path: string): Promise<Row[]> {
  const [head = '', ...lines] = (await readFile(path, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
  const names = head.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  });
}

/** At most `limit` items, spread evenly over the list, so that a sample represents all of it. */
export function sample<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  return Array.from({ length: limit }, (_, index) => items[Math.floor((index * items.length) / limit)]);
}
