/** What command lines share: exit code, errors and usage. */
import { messageOf } from '../src/errors.js';

/** Runs a command with the arguments of this process. An error ends it with its message and exit code 1. */
export async function runCommand(run: (args: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** Prints the usage of a command, to stderr unless it was asked for. @returns the exit code */
export function printUsage(usage: string, exitCode: 0 | 1): number {
  (exitCode === 0 ? process.stdout : process.stderr).write(usage);
  return exitCode;
}
