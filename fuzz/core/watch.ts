/** Starts the process that watches a service, and reads its observations. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Seen } from './watch.process.js';

export class Watch {
  private readonly child: ChildProcess;

  /** @param pid process id of the service at `url` */
  constructor(url: string, pid: number) {
    this.child = fork(fileURLToPath(new URL('./watch.process.js', import.meta.url)), [url, String(pid)]);
  }

  /** What it has seen since the last call. */
  async seen(): Promise<Seen> {
    const answered = once(this.child, 'message') as Promise<[Seen]>;
    this.child.send('seen');
    return (await answered)[0];
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
