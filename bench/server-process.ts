/** Starts a server as users do, in a process of its own, waits until it is ready, and asks it what it uses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Usage } from './probe.js';

/** A running server. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Milliseconds from its start to its being ready. */
  readonly startMs: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** How a server is started. */
export interface StartOptions {
  /** Takes what the process writes; by default it goes where the output of this process goes. */
  readonly onOutput?: (text: string) => void;
  /** A program and its arguments that become the process, such as `prlimit --nofile=100`. */
  readonly launcher?: readonly string[];
}

const PROBE = new URL('./probe.js', import.meta.url).href;
const START_LIMIT_MS = 300_000;

/** The service of this project. @param environment settings beyond this process's */
export function startService(
  environment: Record<string, string> = {},
  options: StartOptions = {},
): Promise<ServerProcess> {
  return startServer('dist/src/main.js', { LOG_LEVEL: 'warn', HOST: '127.0.0.1', ...environment }, options);
}

/** @param script listens on `PORT` of the environment and answers 200 at /-/readyz when it can serve */
export async function startServer(
  script: string,
  environment: Record<string, string>,
  { onOutput, launcher = [] }: StartOptions = {},
): Promise<ServerProcess> {
  const port = await freePort();
  const started = performance.now();
  const [program, ...args] = [...launcher, process.execPath, '--import', PROBE, script];
  const output = onOutput === undefined ? 'inherit' : 'pipe';
  const child = spawn(program, args, {
    env: { ...process.env, ...environment, PORT: String(port) },
    stdio: ['ignore', output, output, 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => onOutput?.(chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`${script} ended with exit code ${child.exitCode}.`);
    if (performance.now() - started > START_LIMIT_MS) {
      child.kill();
      throw new Error(`${script} was not ready within ${START_LIMIT_MS / 1000} seconds.`);
    }
    await sleep(20);
  }
  return {
    url,
    child,
    startMs: performance.now() - started,
    usage: () => askUsage(child),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function askUsage(child: ChildProcess): Promise<Usage> {
  const answered = once(child, 'message') as Promise<[Usage]>;
  child.send('usage');
  return (await answered)[0];
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Whether something answers 200 to the readiness check. */
export async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/readyz`)).ok;
  } catch {
    return false;
  }
}
