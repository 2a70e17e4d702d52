/** docs/accuracy.md: every figure in one document, with the machine that made it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { availableCpus } from '../src/config/available-cpus.js';
import type { Evaluation, Report } from './evaluation.js';
import { toMarkdown } from './report.js';

const FOLDER = 'docs';
const DOCUMENT = join(FOLDER, 'accuracy.md');
const PLOTS = 'accuracy';

/**
 * Writes the document and its plots; returns its path.
 * @param limit the most items of each set that were measured
 */
export async function writeAccuracyDocument(
  reports: ReadonlyMap<Evaluation, Report>,
  limit: number,
): Promise<string> {
  await mkdir(join(FOLDER, PLOTS), { recursive: true });
  const parts = [...reports].map(([{ title }, report]) => toMarkdown(title, report, PLOTS));
  await writeFile(DOCUMENT, `${[introduction(limit), ...parts].join('\n\n')}\n`);
  const plots = [...reports.values()].flatMap((report) => report.plots);
  await Promise.all(plots.map(({ name, svg }) => writeFile(join(FOLDER, PLOTS, `${name}.svg`), svg)));
  return DOCUMENT;
}

function introduction(limit: number): string {
  const sample =
    limit === Infinity ? '' : ` on a sample of at most ${limit} items of each set (\`--limit ${limit}\`)`;
  const processor = cpus()[0]?.model.trim() ?? 'an unknown processor';
  return `# Accuracy

The accuracy of the default pack, measured with the service’s own decoder, workers and models${sample}.
\`npm run eval -- all\` writes this page; \`npm run eval -- <name>\` prints one section.
The photographs come from public research sets and are not part of this project.

Machine: ${processor}, ${availableCpus()} CPUs, Node.js ${process.versions.node}.`;
}
