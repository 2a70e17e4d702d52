/** Command line of the model packs: `npm run models -- [list | install | verify | remove | prepare] [pack]`. */
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/config.js';
import { AppError, messageOf } from '../../src/errors.js';
import { runInstall, runList, runPrepare, runRemove, runVerify } from './commands.js';

const USAGE = `Usage: npm run models -- [command] [pack] [options]

Commands:
  list      list the packs
  install   fetch the pack's missing files, once its licence is accepted
  verify    check every file of the pack against its SHA-256
  remove    remove the files of the pack that can be fetched again
  prepare   fetch the pack's missing files, if no licence must be accepted (default)

The pack is MODEL_PACK, or "default", where none is named.

Options:
  --accept-license      accept the licence that is shown
  --from <file or URL>  install from a local copy of the pack's file, or from a mirror
  --models-dir <path>   folder of the packs (default: MODELS_DIR, or "models")
  --debug               print the stack of an error
  --help                print this
`;

const OPTIONS = {
  from: { type: 'string' },
  'accept-license': { type: 'boolean' },
  'models-dir': { type: 'string' },
  debug: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Runs one command and returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [command = 'prepare', name, ...rest] = positionals;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = loadConfig();
  const modelsDir = values['models-dir'] ?? config.modelsDir;
  const pack = name ?? config.modelPack;
  if (rest.length === 0) {
    const isAccepted = values['accept-license'] === true;
    if (command === 'list') return runList(modelsDir);
    if (command === 'prepare') return runPrepare(modelsDir, pack);
    if (command === 'install') return runInstall(modelsDir, pack, { isAccepted, from: values.from });
    if (command === 'verify') return runVerify(modelsDir, pack);
    if (command === 'remove') return runRemove(modelsDir, pack);
  }
  process.stderr.write(`Unknown command "${positionals.join(' ')}".\n\n${USAGE}`);
  return 1;
}

/** Prints one sentence for an expected error, and the stack only with --debug. */
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
  // Do not wait for sockets that the registry client still holds open.
  process.exit(1);
}
