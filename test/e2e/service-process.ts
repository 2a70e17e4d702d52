/** The compiled service in a process of its own, as an operator runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from './support.js';

const children: ChildProcess[] = [];

/** A process of the service, from its start on. */
export interface Run {
  readonly child: ChildProcess;
  /** All it has written so far. */
  readonly output: () => string;
  /** Its exit code, once it has ended; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts the service on a free port. @param environment its settings; it has no others */
export function run(environment: NodeJS.ProcessEnv): Run {
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => text, ended };
}

/** Its address, once it listens. */
export async function listening({ output }: Run): Promise<string> {
  const address = /Listening on (http:\/\/[\d.:]+)/;
  await until(() => address.test(output()), 50_000);
  return address.exec(output())?.[1] ?? '';
}

/** For `afterAll`: a test that failed must leave no process behind. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
}
