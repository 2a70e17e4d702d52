/** Command line that installs what a GPU needs: `npm run cuda -- [--from <file or URL>]`. */
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/errors.js';
import {
  cudaProblems,
  libraryProblems,
  platformProblem,
  thisMachine,
} from '../../src/sessions/cuda-machine.js';
import { installProvider } from './install.js';
import { installedMetadata, providerPackage } from './provider-package.js';

const USAGE = `Usage: npm run cuda -- [options]

Installs what onnxruntime-node needs to run models on an NVIDIA GPU. The driver, CUDA and cuDNN must be installed before.

Options:
  --check               only print what is missing
  --from <file or URL>  install from a copy of the NuGet package, for example on a machine without network access
  --feed <URL>          index of another NuGet feed, such as a company's mirror
  --unchecked           install even if the driver, CUDA or cuDNN is missing, for example when building an image
  --into <folder>       where to put the libraries (default: next to onnxruntime-node)
  --help                print this
`;

const OPTIONS = {
  check: { type: 'boolean' },
  from: { type: 'string' },
  feed: { type: 'string' },
  unchecked: { type: 'boolean' },
  into: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Runs the command and returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const machine = thisMachine();
  if (values.check === true) return report(cudaProblems(machine), 'CUDA can be used.');
  const unsupported = platformProblem(machine);
  if (unsupported !== undefined) return report([unsupported], '');
  const missing = values.unchecked === true ? [] : libraryProblems(machine);
  if (missing.length > 0)
    return report([...missing, 'Nothing was installed; use --unchecked to install anyway.'], '');

  const wanted = providerPackage(installedMetadata());
  const folder = values.into ?? dirname(machine.provider);
  const names = await installProvider({ ...wanted, feed: values.feed ?? wanted.feed }, folder, {
    from: values.from,
    terminal: process.stderr,
  });
  process.stdout.write(`${names.join(' and ')} of ONNX Runtime ${wanted.version} are in ${folder}.\n`);
  // Now the installed libraries tell what they are linked with.
  return values.unchecked === true || values.into !== undefined
    ? 0
    : report(
        cudaProblems(machine),
        'CUDA can be used: set EXECUTION_PROVIDERS=cuda, and try it with `npm run check:gpu`.',
      );
}

/** Prints the problems, one per line, or `success` if there are none. @returns the exit code */
function report(problems: readonly string[], success: string): number {
  if (problems.length === 0) process.stdout.write(`${success}\n`);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const isUsage =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  const sentence = messageOf(error);
  process.stderr.write(isUsage ? `${sentence}\n\n${USAGE}` : `${sentence}\n`);
  // A socket that the HTTP client still holds must not delay the exit.
  process.exit(1);
}
