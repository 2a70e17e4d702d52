/** The watcher of a service, from the side that asks it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Seen } from './watch.process.js';

export class Watch {
  private readonly child: ChildProcess;

  /** @param pid of the service at `url` */
  constructor(url: string, pid: number) {
    this.child = fork(fileURLToPath(new URL('./watch.process.js', import.meta.url)), [url, String(pid)]);
  }

  /** What it saw since it was asked last. */
  async seen(): Promise<Seen> {
    const answered = once(this.child, 'message') as Promise<[Seen]>;
    this.child.send('seen');
    return (await answered)[0];
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
