/** Reports as text for a terminal, as Markdown, and as files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { Plot, Report, Table } from './evaluation.js';

/** The tables and notes as aligned text. */
export function toText(title: string, { tables, notes }: Report): string {
  return [`${title}\n`, ...tables.map(tableText), ...notes.map((note) => `  ${note}\n`), ''].join('\n');
}

/** The tables, notes and plots as Markdown. */
export function toMarkdown(title: string, { tables, plots, notes }: Report, plotFolder: string): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const parts = tables.map(({ title: caption, head, rows }) =>
    [`**${caption}**`, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'),
  );
  const pictures = plots.map(({ name, title: caption }) => `![${caption}](${plotFolder}/${name}.svg)`);
  return [`## ${title}`, ...parts, ...notes, ...(pictures.length > 0 ? [pictures.join('\n')] : [])].join(
    '\n\n',
  );
}

/** Writes the first plot to `path`, the others beside it with their names added; returns what was written. */
export async function writePlots(plots: readonly Plot[], path: string): Promise<string[]> {
  await mkdir(dirname(path), { recursive: true });
  const stem = extname(path) === '' ? path : path.slice(0, -extname(path).length);
  const files = plots.map(({ name }, index) => (index === 0 ? `${stem}.svg` : `${stem}-${name}.svg`));
  await Promise.all(plots.map(({ svg }, index) => writeFile(files[index], svg)));
  return files;
}

function tableText({ title, head, rows }: Table): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const align = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('   ')
      .trimEnd();
  const [first, ...others] = lines.map(align);
  return [
    `${title}`,
    `  ${first}`,
    `  ${'-'.repeat(first.length)}`,
    ...others.map((one) => `  ${one}`),
    '',
  ].join('\n');
}
