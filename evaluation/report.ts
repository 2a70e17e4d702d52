/** Reports as text for a terminal, as Markdown, and as files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { tableMarkdown, tableText } from '../tools/table.js';
import type { Plot, Report } from './evaluation.js';

/** The tables and notes as aligned text. */
export function toText(title: string, { tables, notes }: Report): string {
  return [`${title}\n`, ...tables.map(tableText), ...notes.map((note) => `  ${note}\n`), ''].join('\n');
}

/** The tables, notes and plots as Markdown. */
export function toMarkdown(title: string, { tables, plots, notes }: Report, plotFolder: string): string {
  const pictures = plots.map(({ name, title: caption }) => `![${caption}](${plotFolder}/${name}.svg)`);
  return [
    `## ${title}`,
    ...tables.map(tableMarkdown),
    ...notes,
    ...(pictures.length > 0 ? [pictures.join('\n')] : []),
  ].join('\n\n');
}

/** Writes the first plot to `path`, the others beside it with their names added; returns what was written. */
export async function writePlots(plots: readonly Plot[], path: string): Promise<string[]> {
  await mkdir(dirname(path), { recursive: true });
  const stem = extname(path) === '' ? path : path.slice(0, -extname(path).length);
  const files = plots.map(({ name }, index) => (index === 0 ? `${stem}.svg` : `${stem}-${name}.svg`));
  await Promise.all(plots.map(({ svg }, index) => writeFile(files[index], svg)));
  return files;
}
