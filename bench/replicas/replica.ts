/** One replica of the service: a process that is killed, stopped and started again on the same port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isReady } from '../server-process.js';

const START_LIMIT_MS = 120_000;

export class Replica {
  private child?: ChildProcess;

  /** @param port a free one */
  constructor(private readonly port: number) {}

  /** Where it listens, as `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Resolves when it is ready. One worker: several replicas share the machine. */
  async start(): Promise<void> {
    const settings = {
      HOST: '127.0.0.1',
      PORT: String(this.port),
      INFERENCE_MAX_WORKERS: '1',
      SHUTDOWN_TIMEOUT_MS: '2000',
      LOG_LEVEL: 'error',
    };
    const child = spawn(process.execPath, ['dist/src/main.js'], {
      env: { ...process.env, ...settings },
      stdio: 'inherit',
    });
    this.child = child;
    const started = performance.now();
    while (!(await isReady(`http://${this.address}`))) {
      if (child.exitCode !== null) throw new Error(`A replica ended with exit code ${child.exitCode}.`);
      if (performance.now() - started > START_LIMIT_MS) throw new Error('A replica does not become ready.');
      await sleep(50);
    }
  }

  /** Ends it by a signal. @returns its exit code; null when the signal ended it */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await ended)[0];
  }

  /** At once, without waiting for its end. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }
}
