/** Command line of the model packs: `npm run models -- [prepare | verify | list]`. */
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/config.js';
import { AppError, messageOf } from '../../src/errors.js';
import { inspect } from './checksum.js';
import { prepare } from './prepare.js';
import { packNames, readRecipe } from './recipe.js';

const USAGE = `Usage: npm run models -- [command] [options]

Commands:
  prepare   fetch and transform what the pack lacks (default)
  verify    check every file of the pack against its SHA-256
  list      list the packs

Options:
  --pack <name>         pack to work on (default: MODEL_PACK, or "default")
  --models-dir <path>   folder of the packs (default: MODELS_DIR, or "models")
  --debug               print the stack of an error
  --help                print this
`;

const OPTIONS = {
  pack: { type: 'string' },
  'models-dir': { type: 'string' },
  debug: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Runs one command and returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [command = 'prepare', ...rest] = positionals;
  if (values.help === true) return print(USAGE);
  const config = loadConfig();
  const modelsDir = values['models-dir'] ?? config.modelsDir;
  const pack = values.pack ?? config.modelPack;
  if (rest.length === 0) {
    if (command === 'prepare') return runPrepare(modelsDir, pack);
    if (command === 'verify') return runVerify(modelsDir, pack);
    if (command === 'list') return print((await packNames(modelsDir)).map((name) => `${name}\n`).join(''));
  }
  process.stderr.write(`Unknown command "${[command, ...rest].join(' ')}".\n\n${USAGE}`);
  return 1;
}

async function runPrepare(modelsDir: string, pack: string): Promise<number> {
  const made = await prepare(await readRecipe(modelsDir, pack), process.stderr);
  return print(`The model pack "${pack}" is ready${made.length > 0 ? ` (made ${made.join(', ')})` : ''}.\n`);
}

async function runVerify(modelsDir: string, pack: string): Promise<number> {
  const files = await inspect(await readRecipe(modelsDir, pack));
  print(files.map(({ file, state }) => `${state.padEnd(8)} ${file.file}\n`).join(''));
  if (files.every(({ state }) => state === 'ok')) return 0;
  process.stderr.write(`The model pack "${pack}" is not complete; run \`npm run models\` to prepare it.\n`);
  return 1;
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

/** One sentence for what we foresaw; the stack besides only where it is asked for. */
function report(error: unknown, debug: boolean): void {
  const sentence = error instanceof AppError ? error.message : `Unexpected failure: ${messageOf(error)}`;
  process.stderr.write(`${sentence}\n`);
  if (debug) console.error(error);
}

const args = process.argv.slice(2);
try {
  process.exitCode = await run(args);
} catch (error) {
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
  } else {
    report(error, args.includes('--debug'));
  }
  // A socket that the registry client still holds must not keep a failed start waiting.
  process.exit(1);
}
