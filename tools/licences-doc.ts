/** The chapters on the packs in docs/licences.md, made from the packs' own pack.json. `npm run docs` writes them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Provenance, TrainingData } from '../src/packs/provenance.js';
import { replaceMarked } from './marked-part.js';
import { type Table, tableMarkdown } from './table.js';

const MARKS = ['<!-- packs: written by `npm run docs` -->', '<!-- packs end -->'] as const;

/** What is read of a pack.json. */
interface Manifest {
  readonly name: string;
  readonly licence: string;
  readonly extends?: string;
  readonly models: Readonly<Record<string, Model>>;
}

interface Model {
  readonly file: string;
  readonly onCpu?: { readonly file: string };
  readonly provenance?: Provenance;
}

type Entry = readonly [role: string, files: string, provenance: Provenance];

/**
 * Returns the page with new chapters on the packs.
 * @param page the whole text, with two marks around the chapters
 * @param modelsDir folder of the packs
 * @throws Error if the page lacks the marks, or if a model of a pack has no provenance
 */
export function withLicences(page: string, modelsDir = 'models'): string {
  const packs = readdirSync(modelsDir, { withFileTypes: true })
    .filter((each) => each.isDirectory() && readdirSync(join(modelsDir, each.name)).includes('pack.json'))
    .map(({ name }) => JSON.parse(readFileSync(join(modelsDir, name, 'pack.json'), 'utf8')) as Manifest)
    // What is served by default comes first.
    .sort(
      (a, b) => Number(b.name === 'default') - Number(a.name === 'default') || (a.name < b.name ? -1 : 1),
    );
  return replaceMarked(page, MARKS, packs.map(chapter).join('\n\n'));
}

function chapter({ name, licence, extends: base, models }: Manifest): string {
  const entries = Object.entries(models).map(([role, model]): Entry => {
    if (model.provenance === undefined)
      throw new Error(`models.${role} of the pack ${name} has no provenance.`);
    return [role, filesOf(model), model.provenance];
  });
  const attributions = [...new Set(entries.flatMap(([, , { attribution }]) => attribution ?? []))];
  const rest = base === undefined ? '' : ` Its other models are those of \`${base}\`.`;
  return [
    `## Pack \`${name}\``,
    `${licence}.${rest}`,
    tableMarkdown(weightsTable(entries)),
    tableMarkdown(dataTable(entries)),
    ...(attributions.length === 0 ? [] : [`To be named: ${attributions.join('; ')}.`]),
  ].join('\n\n');
}

function filesOf({ file, onCpu }: Model): string {
  return [file, ...(onCpu === undefined ? [] : [onCpu.file])].map((path) => `\`${path}\``).join(', ');
}

function weightsTable(entries: readonly Entry[]): Table {
  return {
    title: 'Weights',
    head: ['model', 'files', 'weights', 'licence'],
    rows: entries.map(([role, files, { weights, url, licence }]) => [
      role,
      files,
      url === undefined ? weights : `${weights} ([source](${url}))`,
      licence,
    ]),
  };
}

function dataTable(entries: readonly Entry[]): Table {
  return {
    title: 'What the weights learnt from',
    head: ['model', 'data', 'used for', 'licence of the data', 'known how'],
    rows: entries.flatMap(([role, , { trainingData }]) =>
      trainingData.length === 0
        ? [[role, 'not known', '', '', '']]
        : trainingData.map((data) => dataRow(role, data)),
    ),
  };
}

function dataRow(role: string, { name, use, licence, evidence, url }: TrainingData): string[] {
  return [role, url === undefined ? name : `[${name}](${url})`, use, licence, evidence];
}
