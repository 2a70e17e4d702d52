/** The compiled service in a process of its own, as an operator runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';
import { until } from './until.js';

const children: ChildProcess[] = [];

/** A process of the service, from its start on. */
export interface Run {
  readonly child: ChildProcess;
  /** All it has written so far. */
  readonly output: () => string;
  /** Its exit code, once it has ended; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** What a process is given beside its settings. */
export interface Surroundings {
  /** File descriptor that it has as its standard output. */
  readonly stdout?: number;
  /** Its working folder. */
  readonly cwd?: string;
  /** Most files that it may have open. */
  readonly openFiles?: number;
  /** Options of Node.js for it. */
  readonly options?: readonly string[];
}

/** Starts the service on a free port. @param environment its settings; it has no others */
export function run(
  environment: NodeJS.ProcessEnv,
  { stdout, cwd, openFiles, options = [] }: Surroundings = {},
): Run {
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
  const child = spawn(
    '/bin/sh',
    ['-c', `${limit}exec "$0" "$@"`, process.execPath, ...options, resolve('dist/src/main.js')],
    {
      cwd,
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
      stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
    },
  );
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => text, ended };
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Its address, once it listens. */
export async function listening({ output }: Run): Promise<string> {
  const address = /Listening on (http:\/\/[\d.:]+)/;
  await until(() => address.test(output()));
  return address.exec(output())?.[1] ?? '';
}

/** For `afterAll`: a test that failed must leave no process behind. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
}
