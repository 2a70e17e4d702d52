/** Writes docs/performance/measured.md, the marked part of docs/scaling.md, and their plots from figures. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { availableCpus } from '../src/config/available-cpus.js';
import { replaceMarked } from '../tools/marked-part.js';
import { tableMarkdown } from '../tools/table.js';
import type { Report } from './benchmark.js';

/** The report of a benchmark, with its name and title. */
export interface Section extends Report {
  readonly name: string;
  readonly title: string;
}

const FOLDER = join('docs', 'performance');
const MEASURED = join(FOLDER, 'measured.md');
const SCALING = join('docs', 'scaling.md');
const MARKS = ['<!-- measured: begin -->', '<!-- measured: end -->'] as const;

/** Describes this machine. */
export function machine(): string {
  const processor = cpus()[0]?.model.trim() ?? 'an unknown processor';
  return `${processor}, ${availableCpus()} cores, Node.js ${process.versions.node}`;
}

/**
 * Writes the sections into their documents. A document without a section stays unchanged.
 * @param madeOn the machine on which the figures were measured
 * @param quick whether the figures come from short rounds
 * @returns the files written
 */
export async function writeDocuments(
  sections: readonly Section[],
  madeOn: string,
  quick: boolean,
): Promise<string[]> {
  await mkdir(FOLDER, { recursive: true });
  const written: string[] = [];
  const write = async (path: string, text: string): Promise<void> => {
    await writeFile(path, text);
    written.push(path);
  };
  for (const { name, svg } of sections.flatMap(({ plots }) => plots)) {
    await write(join(FOLDER, `${name}.svg`), svg);
  }
  const rounds = quick ? ' These figures come from short rounds (`--quick`) and are rough.' : '';
  const measured = sections.filter(({ name }) => name !== 'scaling');
  if (measured.length > 0) {
    const introduction = `# Performance, measured

Written by \`npm run bench -- --write-docs\`; each section alone: \`npm run bench -- <name>\`.${rounds}

Machine: ${madeOn}; shared with other work. The callers run on it too.`;
    const parts = measured.map(
      (section) => `## ${section.title} (\`${section.name}\`)\n\n${body(section, '.')}`,
    );
    await write(MEASURED, `${[introduction, ...parts].join('\n\n')}\n`);
  }
  const scaling = sections.find(({ name }) => name === 'scaling');
  if (scaling !== undefined) {
    const text = `Machine: ${madeOn}; shared with other work.${rounds}\n\n${body(scaling, 'performance')}`;
    await write(SCALING, replaceMarked(await readFile(SCALING, 'utf8'), MARKS, text));
  }
  return written;
}

function body({ tables, plots, notes }: Report, folder: string): string {
  const pictures = plots.map(({ name, title }) => `![${title}](${folder}/${name}.svg)`);
  return [...notes, ...tables.map(tableMarkdown), ...pictures].join('\n\n');
}
