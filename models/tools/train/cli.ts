/**
 * Trains the appearance heads, from pictures to models/default/heads: `npm run train -- --data <folder>`.
 * Extraction runs through the service, training in Python (PyTorch), and pack.json gets the new file's SHA-256.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError, messageOf } from '../../../src/errors.js';
import { applyTransforms } from '../apply-transforms.js';
import { sha256 } from '../checksum.js';
import { JUDGE_FILE } from '../../../test/evaluation/judge.js';
import { extract } from './extract.js';
import { publishedTrunk } from './published-trunk.js';

const PACK = join('models', 'default');
const HEAD = 'heads/appearance.onnx';
const SCRIPT = join('models', 'tools', 'train', 'train.py');
const USAGE = `Usage: npm run train -- --data <folder of data sets> [options]

Options:
  --work <folder>     where crops and features go, about 5 GB (default: .train)
  --judge <file>      an SCRFD graph that says which candidates are faces (see npm run eval -- --help)
  --skip-extract      train on the crops that are already there
  --python <command>  a Python with torch and onnx (default: python3; Debian: apt-get install python3-torch python3-onnx)
  --seed <n>          (default: 1)
`;

const OPTIONS = {
  data: { type: 'string' },
  work: { type: 'string', default: '.train' },
  judge: { type: 'string', default: JUDGE_FILE },
  'skip-extract': { type: 'boolean', default: false },
  python: { type: 'string', default: 'python3' },
  seed: { type: 'string', default: '1' },
} as const;

/** glibc gives large blocks back at once, and PyTorch asks for the same ones at every step: four fifths of the time. */
const KEEP_MEMORY = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '100000000000',
  MALLOC_TOP_PAD_: '200000000',
};

/** @throws AppError `invalid_configuration` with what to do */
async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...KEEP_MEMORY } });
  const [code] = (await once(child, 'exit').catch((error: unknown) => {
    throw new AppError('invalid_configuration', `${command} cannot be run: ${messageOf(error)}; see --help.`);
  })) as [number | null];
  if (code === 0) return;
  const message = `${command} ${args[0] ?? ''} ended with exit code ${code}; what it needs is said in --help.`;
  throw new AppError('invalid_configuration', message);
}

/** Puts the trained graph into the pack, its PReLUs as the runtime likes them. */
async function install(trained: string): Promise<string> {
  const bytes = applyTransforms(await readFile(trained), [{ op: 'splitPRelu' }]);
  await mkdir(dirname(join(PACK, HEAD)), { recursive: true });
  await writeFile(join(PACK, HEAD), bytes);
  const manifest = join(PACK, 'pack.json');
  const pinned = new RegExp(`("file": "${HEAD}",\\s+"sha256": ")[0-9a-f]{64}`);
  const hash = sha256(bytes);
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(pinned, `$1${hash}`));
  return hash;
}

const { values } = parseArgs({ options: OPTIONS });
if (values.data === undefined) {
  process.stderr.write(USAGE);
  process.exit(1);
}
try {
  if (!values['skip-extract']) await extract(values.data, values.judge, values.work);
  const trained = join(values.work, 'appearance.onnx');
  const trunk = join(values.work, 'trunk.onnx');
  await writeFile(trunk, await publishedTrunk());
  const files = ['--crops', values.work, '--trunk', trunk, '--out', trained];
  await run(values.python, [SCRIPT, ...files, '--seed', values.seed]);
  process.stdout.write(`${HEAD} is trained, SHA-256 ${await install(trained)}.\n`);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
