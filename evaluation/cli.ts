/** Command line of the accuracy figures: `npm run eval -- <evaluation | all>`. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError, messageOf } from '../src/errors.js';
import { writeAccuracyDocument } from './accuracy-document.js';
import { judge } from './bars.js';
import { isPresent } from './data.js';
import { Engine } from './engine.js';
import type { Evaluation, EvaluationContext, Report } from './evaluation.js';
import { EVALUATIONS } from './evaluations.js';
import { JUDGE_FILE } from './judge.js';
import { startProgress } from './progress.js';
import { toText, writePlots } from './report.js';

const DATA = '../shared/data';
/** The exit code of a check that could not run; `.ci/run` counts it as skipped. */
const SKIPPED = 77;
const USAGE = `Usage: npm run eval -- <evaluation> [options]

Evaluations:
${EVALUATIONS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}
  all          every one of them; writes docs/accuracy.md unless --check is given

Options:
  --data <folder>   the data (default: ${DATA}/<evaluation>; for all: ${DATA})
  --limit <n>       measure n items, spread evenly over the data
  --trained-on      also count the items our own heads were trained on
  --check           fail when a figure is below its recorded bar (evaluation/bars.ts); the exit code is ${SKIPPED}
                    where no data is there to measure
  --judge <file>    an SCRFD graph that says which boxes are faces where labels are incomplete
                    (default: ${JUDGE_FILE})
  --json            print the figures as JSON instead of tables
  --plot <file>     write the plots as SVG
  --help            print this
`;

const OPTIONS = {
  data: { type: 'string' },
  limit: { type: 'string' },
  'trained-on': { type: 'boolean' },
  check: { type: 'boolean' },
  judge: { type: 'string', default: JUDGE_FILE },
  json: { type: 'boolean' },
  plot: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Runs the evaluations and returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [name, ...rest] = positionals;
  const limit = values.limit === undefined ? Infinity : Number(values.limit);
  const chosen = EVALUATIONS.filter((evaluation) => name === 'all' || evaluation.name === name);
  if (values.help === true) return print(USAGE);
  if (chosen.length === 0 || rest.length > 0 || !(limit >= 1)) {
    process.stderr.write(USAGE);
    return 1;
  }
  const folderOf = (evaluation: Evaluation): string => {
    const folder = evaluation.data ?? evaluation.name;
    if (name === 'all') return join(values.data ?? DATA, folder);
    return values.data ?? join(DATA, folder);
  };
  const reports = new Map<Evaluation, Report>();
  for (const evaluation of chosen) {
    const report = await measure(evaluation, folderOf(evaluation), {
      limit,
      trainedOn: values['trained-on'] ?? false,
      judge: values.judge,
    });
    if (report === undefined) continue;
    reports.set(evaluation, report);
    if (values.json !== true) print(toText(evaluation.title, report));
    if (values.plot !== undefined) await plot(evaluation, report, values.plot, chosen.length > 1);
  }
  if (values.json === true) print(json(reports, name === 'all'));
  const complete = values['trained-on'] !== true && reports.size === EVALUATIONS.length;
  if (name === 'all' && complete && values.check !== true) {
    process.stderr.write(`Wrote ${await writeAccuracyDocument(reports, limit)}.\n`);
  }
  return values.check === true ? check(reports) : 0;
}

/** The report of one evaluation; `undefined` where its data is missing. */
async function measure(
  evaluation: Evaluation,
  folder: string,
  options: Pick<EvaluationContext, 'limit' | 'trainedOn' | 'judge'>,
): Promise<Report | undefined> {
  if (!isPresent(folder)) {
    process.stderr.write(`${evaluation.name}: skipped: no data (${folder} does not exist)\n`);
    return undefined;
  }
  const engine = await Engine.start();
  try {
    const progress = startProgress.bind(undefined, process.stderr);
    return await evaluation.run({ engine, folder, ...options, progress });
  } finally {
    await engine.close();
  }
}

/** Compares the figures with their bars; returns the exit code. */
function check(reports: ReadonlyMap<Evaluation, Report>): number {
  if (reports.size === 0) return SKIPPED;
  const verdicts = [...reports].flatMap(([{ name }, { figures }]) => judge(name, figures));
  process.stderr.write(
    verdicts.map(({ passes, sentence }) => `${passes ? 'pass' : 'FAIL'}  ${sentence}\n`).join(''),
  );
  return verdicts.every(({ passes }) => passes) ? 0 : 1;
}

async function plot({ name }: Evaluation, { plots }: Report, path: string, several: boolean): Promise<void> {
  const file = several ? `${path.replace(/\.svg$/, '')}-${name}.svg` : path;
  const files = await writePlots(plots, file);
  process.stderr.write(files.map((written) => `Wrote ${written}.\n`).join(''));
}

function json(reports: ReadonlyMap<Evaluation, Report>, all: boolean): string {
  const figures = [...reports].map(([{ name }, report]) => [name, report.figures] as const);
  return `${JSON.stringify(all ? Object.fromEntries(figures) : (figures[0]?.[1] ?? {}), null, 2)}\n`;
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const foreseen = error instanceof AppError || (error instanceof TypeError && 'code' in error);
  process.stderr.write(`${messageOf(error)}\n`);
  if (!foreseen) console.error(error);
  process.exitCode = 1;
}
