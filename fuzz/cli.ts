/** Command line of the fuzzing suites, which try to break the service: `npm run fuzz`. */
import { parseArgs } from 'node:util';
import { printUsage, runCommand } from '../tools/command-line.js';
import { tableText } from '../tools/table.js';
import { FOLDER, readCase } from './core/case-file.js';
import { type Figures, figuresTable, newFigures } from './core/figures.js';
import { writeReliability } from './core/document.js';
import { replay, runSuite } from './core/run-suite.js';
import type { Suite } from './core/suite.js';
import { SUITES } from './suites.js';
import { inNamespace, namespaceMissing } from './urls/namespace.js';

const USAGE = `Usage: npm run fuzz -- [suite …] [options]
       npm run fuzz -- replay <file>

Starts the service and tries to break it. Cases are generated from the seed: the same seed gives the same cases.
A case that breaks a rule is printed and saved in ${FOLDER}/ for a replay, and the exit code is 1.

Suites (default: all):
${SUITES.map(({ name, title, cases }) => `  ${name.padEnd(12)} ${title} (${cases.all} cases)`).join('\n')}

Options:
  --sample       run the small sample of cases that each commit is checked with
  --cases <n>    number of cases of each suite
  --seed <n>     default: 1
  --only <text>  only cases whose title contains this text
  --write-docs   write the figures into docs/reliability.md
  --help         print this
`;

const OPTIONS = {
  sample: { type: 'boolean', default: false },
  cases: { type: 'string' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string', default: '' },
  'write-docs': { type: 'boolean', default: false },
  // Marks a run that is started inside a network namespace.
  inside: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs the chosen suites and returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return printUsage(USAGE, 0);
  if (positionals[0] === 'replay')
    return positionals.length === 2 ? again(positionals[1], values.inside) : printUsage(USAGE, 1);
  const seed = Number(values.seed);
  const cases = values.cases === undefined ? undefined : Number(values.cases);
  const chosen = SUITES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const unknown = positionals.some((name) => !SUITES.some((suite) => suite.name === name));
  const wrong = unknown || !Number.isInteger(seed) || (cases !== undefined && !(cases >= 1));
  if (wrong) return printUsage(USAGE, 1);

  const all: Figures[] = [];
  for (const suite of chosen) {
    const some = cases ?? (values.sample ? suite.cases.sample : suite.cases.all);
    say(`${suite.name}: ${some} cases of seed ${seed}`);
    if (suite.inNamespace === true && !values.inside) {
      const own = [suite.name, '--cases', String(some), '--seed', String(seed), '--only', values.only];
      all.push(await elsewhere(suite, seed, own));
      continue;
    }
    const options = {
      seed,
      cases: some,
      only: values.only,
      say: (line: string) => say(`${suite.name}: ${line}`),
    };
    all.push(await runSuite(suite, options));
  }
  if (values.inside) return handOver(all[0]);
  if (values['write-docs']) await writeReliability(all);
  return report(all);
}

/** Runs a suite inside a network namespace. If none can be created, its cases are skipped. */
async function elsewhere(suite: Suite, seed: number, args: readonly string[]): Promise<Figures> {
  const missing = namespaceMissing();
  if (missing === undefined) return inNamespace(args);
  const figures = newFigures(suite.name, seed);
  figures.skipped.set('all cases', missing);
  return figures;
}

/** Sends the figures to the process outside the namespace. */
function handOver(figures: Figures): number {
  process.send?.(figures);
  process.disconnect();
  return 0;
}

/** Tries a saved case again. */
async function again(file: string, inside: boolean): Promise<number> {
  const saved = await readCase(file);
  const suite = SUITES.find(({ name }) => name === saved.suite);
  if (suite === undefined) throw new Error(`${file} is a case of an unknown suite: ${saved.suite}.`);
  if (suite.inNamespace === true && !inside)
    return report([await elsewhere(suite, saved.seed, ['replay', file])]);
  const figures = newFigures(saved.suite, saved.seed);
  const faults = await replay(suite, saved.case, figures);
  if (faults.length > 0)
    figures.faults.push({ title: saved.case.title, index: saved.index, file, text: faults.join('; ') });
  return inside ? handOver(figures) : report([figures]);
}

function report(all: readonly Figures[]): number {
  process.stdout.write(`${tableText(figuresTable(all))}\n`);
  for (const { suite, skipped } of all)
    for (const [title, reason] of skipped) process.stdout.write(`skipped: ${suite}, ${title}: ${reason}\n`);
  const faults = all.flatMap((one) =>
    one.faults.map((fault) => ({ ...fault, suite: one.suite, seed: one.seed })),
  );
  for (const { suite, seed, index, title, text, file } of faults)
    process.stdout.write(
      `FAULT ${suite}, seed ${seed}, case ${index} (${title}): ${text}\n  npm run fuzz -- replay ${file}\n`,
    );
  process.stdout.write(faults.length === 0 ? 'No faults.\n' : `${faults.length} faults.\n`);
  return faults.length === 0 ? 0 : 1;
}

await runCommand(run);
