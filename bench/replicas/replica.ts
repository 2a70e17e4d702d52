/** One replica of the service: a process that can be killed, stopped and restarted on the same port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { endProcess, untilReady } from '../server-process.js';

const START_LIMIT_MS = 120_000;

export class Replica {
  private child?: ChildProcess;

  /** @param port a free port */
  constructor(private readonly port: number) {}

  /** Its address, as `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it with one worker, because several replicas share the machine. It resolves when the replica is ready. */
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
    await untilReady('A replica', `http://${this.address}`, child, START_LIMIT_MS);
  }

  /** Sends it a signal and waits for its end. @returns its exit code; null if the signal killed it, or it was not running */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    return this.child === undefined ? null : endProcess(this.child, signal);
  }

  /** Kills it without waiting for its end. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }
}
