/** Writes the marked part of docs/reliability.md from figures. */
import { readFile, writeFile } from 'node:fs/promises';
import { machine } from '../../bench/document.js';
import { replaceMarked } from '../../tools/marked-part.js';
import { tableMarkdown } from '../../tools/table.js';
import { type Figures, figuresTable } from './figures.js';

const PAGE = 'docs/reliability.md';
const MARKS = ['<!-- figures: begin -->', '<!-- figures: end -->'] as const;

export async function writeReliability(all: readonly Figures[]): Promise<void> {
  const skipped = all.flatMap(({ suite, skipped: some }) =>
    [...some].map(([title, reason]) => `- not tried: ${suite}, ${title}: ${reason}`),
  );
  const text = [
    `Machine: ${machine()}; shared with other work.`,
    tableMarkdown(figuresTable(all)),
    ...(skipped.length === 0 ? [] : [skipped.join('\n')]),
  ].join('\n\n');
  await writeFile(PAGE, replaceMarked(await readFile(PAGE, 'utf8'), MARKS, text));
}
