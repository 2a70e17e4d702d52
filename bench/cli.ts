/** Command line of the benchmarks: `npm run bench`. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { printUsage, runCommand } from '../tools/command-line.js';
import { tableText } from '../tools/table.js';
import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { BENCHMARKS } from './benchmarks.js';
import { machine, type Section, writeDocuments } from './document.js';
import { ENCODINGS } from './payload.js';
import { allPictures } from './pictures.js';

const CONCURRENCIES = [1, 2, 4, 8, 16, 32];
const REQUESTS = 20_000;
const USAGE = `Usage: npm run bench -- [benchmark …] [options]

Benchmarks (default: speed):
${BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}
  all          all of them

Options:
  --quick           short rounds, rough figures
  --peers           run the benchmark \`peers\` too
  --only <list>     pictures, encodings and concurrencies, separated by commas: one-face,six-faces,12-megapixels,
                    ${ENCODINGS.join(',')},${CONCURRENCIES.join(',')}
  --requests <n>    mixed requests of the memory benchmark (default: ${REQUESTS})
  --json <file>     write the figures as JSON; \`-\`: print them instead of the tables
  --from <file>     read figures of an earlier --json; only the chosen benchmarks are measured again
  --write-docs      write docs/performance/ and the marked part of docs/scaling.md; by default, measure everything
  --help            print this
`;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  peers: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  requests: { type: 'string' },
  json: { type: 'string' },
  from: { type: 'string' },
  'write-docs': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The content of a `--json` file. */
interface Figures {
  readonly machine: string;
  readonly quick: boolean;
  readonly results: Readonly<Record<string, unknown>>;
}

/** Runs the chosen benchmarks and returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const chosen = choose(positionals, values);
  const requests = Number(values.requests ?? (values.quick ? REQUESTS / 20 : REQUESTS));
  const selection = await select(values.only.split(',').filter((word) => word !== ''));
  if (values.help) return printUsage(USAGE, 0);
  if (chosen === undefined || selection === undefined || !(requests >= 1)) return printUsage(USAGE, 1);

  const earlier = values.from === undefined ? undefined : await read(values.from);
  const results: Record<string, unknown> = { ...earlier?.results };
  const sections: Section[] = [];
  for (const { name, title, run: measure, report } of BENCHMARKS) {
    const isChosen = chosen.some((one) => one.name === name);
    if (isChosen) {
      const say = (sentence: string): void => void process.stderr.write(`${name}: ${sentence}\n`);
      results[name] = await measure({ ...selection, quick: values.quick, requests, earlier: results, say });
    }
    if (results[name] === undefined) continue;
    const section = { name, title, ...report(results[name]) };
    sections.push(section);
    if (isChosen && values.json !== '-') process.stdout.write(text(section));
  }
  const figures: Figures = {
    machine: earlier?.machine ?? machine(),
    quick: values.quick || (earlier?.quick ?? false),
    results,
  };
  await save(figures, values.json);
  if (values['write-docs']) {
    const files = await writeDocuments(sections, figures.machine, figures.quick);
    process.stderr.write(files.map((file) => `Wrote ${file}.\n`).join(''));
  }
  return 0;
}

/** The benchmarks to run; undefined if a name is unknown. */
function choose(
  names: readonly string[],
  options: { readonly peers: boolean; readonly from?: string; readonly 'write-docs': boolean },
): Benchmark[] | undefined {
  const all =
    names.includes('all') || (names.length === 0 && options['write-docs'] && options.from === undefined);
  if (all) return [...BENCHMARKS];
  const fallback = options.from === undefined ? ['speed'] : [];
  const wanted = [...(names.length === 0 ? fallback : names), ...(options.peers ? ['peers'] : [])];
  const chosen = BENCHMARKS.filter(({ name }) => wanted.includes(name));
  return wanted.every((name) => chosen.some((one) => one.name === name)) ? chosen : undefined;
}

/** The pictures, encodings and concurrencies that `--only` selects; undefined if a word is none of them. */
async function select(
  words: readonly string[],
): Promise<Pick<BenchmarkContext, 'pictures' | 'encodings' | 'concurrencies'> | undefined> {
  const pictures = await allPictures();
  const known = [...pictures.map(({ name }) => name), ...ENCODINGS, ...CONCURRENCIES.map(String)];
  if (!words.every((word) => known.includes(word))) return undefined;
  const left = <T>(list: readonly T[], nameOf: (one: T) => string): readonly T[] => {
    const named = list.filter((one) => words.includes(nameOf(one)));
    return named.length === 0 ? list : named;
  };
  return {
    pictures: left(pictures, ({ name }) => name),
    encodings: left(ENCODINGS, String),
    concurrencies: left(CONCURRENCIES, String),
  };
}

async function read(file: string): Promise<Figures> {
  return JSON.parse(await readFile(file, 'utf8')) as Figures;
}

async function save(figures: Figures, file: string | undefined): Promise<void> {
  const json = `${JSON.stringify(figures, (_, value: unknown) => rounded(value), 1)}\n`;
  if (file === '-') process.stdout.write(json);
  else if (file !== undefined) await writeFile(file, json);
}

/** No figure is accurate to more than six digits. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

function text({ name, title, tables, notes }: Section): string {
  return [`${title} (${name})\n`, ...tables.map(tableText), ...notes.map((note) => `  ${note}\n`), ''].join(
    '\n',
  );
}

await runCommand(run);
