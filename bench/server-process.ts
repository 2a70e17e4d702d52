/** Starts a server in its own process, as users do, waits until it is ready, and asks it which resources it uses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Usage } from './probe.js';

/** A running server. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Milliseconds from its start to readiness. */
  readonly startMs: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** How a server is started. */
export interface StartOptions {
  /** Receives the output of the process. By default it is written to the output of this process. */
  readonly onOutput?: (text: string) => void;
  /** A program, with its arguments, that starts the process, such as `prlimit --nofile=100`. */
  readonly launcher?: readonly string[];
}

const PROBE = new URL('./probe.js', import.meta.url).href;
const START_LIMIT_MS = 300_000;

/** Starts the service. @param environment settings in addition to the environment of this process */
export function startService(
  environment: Record<string, string> = {},
  options: StartOptions = {},
): Promise<ServerProcess> {
  return startServer('dist/src/main.js', { LOG_LEVEL: 'warn', HOST: '127.0.0.1', ...environment }, options);
}

/** Starts a server. @param script listens on the port in the variable `PORT`, and answers 200 at /-/readyz when it is ready */
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
  await untilReady(script, url, child, START_LIMIT_MS);
  return {
    url,
    child,
    startMs: performance.now() - started,
    usage: () => askUsage(child),
    stop: async () => void (await endProcess(child)),
  };
}

/**
 * Waits until a server is ready, and kills it if that takes too long.
 * @param name the server's, for errors
 */
export async function untilReady(
  name: string,
  url: string,
  child: ChildProcess,
  limitMs: number,
): Promise<void> {
  const started = performance.now();
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with exit code ${child.exitCode}.`);
    if (performance.now() - started > limitMs) {
      child.kill();
      throw new Error(`${name} was not ready within ${limitMs / 1000} seconds.`);
    }
    await sleep(20);
  }
}

/** Sends a signal to a process and waits for its end. @returns its exit code; null if a signal killed it, or it had ended */
export async function endProcess(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return null;
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await ended)[0];
}

async function askUsage(child: ChildProcess): Promise<Usage> {
  const answered = once(child, 'message') as Promise<[Usage]>;
  child.send('usage');
  return (await answered)[0];
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Whether the readiness check answers 200. */
async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/readyz`)).ok;
  } catch {
    return false;
  }
}
