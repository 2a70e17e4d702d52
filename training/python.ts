/** Runs the training scripts, which are written in Python. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AppError, messageOf } from '../src/errors.js';

/**
 * glibc returns large blocks to the system at once, and PyTorch allocates the same ones in every step: this took four
 * fifths of the time.
 */
const KEEP_MEMORY = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '100000000000',
  MALLOC_TOP_PAD_: '200000000',
};

/**
 * @param command a Python with torch and onnx
 * @throws AppError `invalid_configuration` that says what to do
 */
export async function runPython(command: string, script: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, [script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...KEEP_MEMORY },
  });
  const [code] = (await once(child, 'exit').catch((error: unknown) => {
    throw new AppError('invalid_configuration', `${command} cannot be run: ${messageOf(error)}; see --help.`);
  })) as [number | null];
  if (code === 0) return;
  const message = `${command} ${script} ended with exit code ${code}; --help says what it needs.`;
  throw new AppError('invalid_configuration', message);
}
