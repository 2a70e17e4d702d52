/** HAProxy with the configuration in deploy/, in front of replicas on this machine. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { endProcess, untilReady } from '../server-process.js';

const CONFIGURATION = 'deploy/haproxy.cfg';
const START_LIMIT_MS = 30_000;

/** The counters of the proxy. */
export interface ProxyCounts {
  /** Requests that were sent a second time. */
  readonly retried: number;
  /** 2xx responses of each replica. */
  readonly answers: number[];
}

export class Proxy {
  private child?: ChildProcess;

  constructor(
    private readonly port: number,
    private readonly statsPort: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static get isInstalled(): boolean {
    return spawnSync('haproxy', ['-v']).status === 0;
  }

  /** Resolves when requests reach a replica. @param addresses three, as `host:port` */
  async start(addresses: readonly string[]): Promise<void> {
    const replicas = addresses.map((address, index) => [`REPLICA_${index + 1}`, address]);
    const child = spawn('haproxy', ['-db', '-f', CONFIGURATION], {
      env: {
        PATH: process.env.PATH,
        LISTEN: `127.0.0.1:${this.port}`,
        STATS: `127.0.0.1:${this.statsPort}`,
        ...(Object.fromEntries(replicas) as Record<string, string>),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.child = child;
    await untilReady('HAProxy', this.url, child, START_LIMIT_MS);
  }

  /** The counters since the start, from the statistics page. */
  async counts(): Promise<ProxyCounts> {
    const csv = await (await fetch(`http://127.0.0.1:${this.statsPort}/;csv`)).text();
    const [head, ...lines] = csv.trim().split('\n');
    const names = head.replace('# ', '').split(',');
    const rows = lines
      .map((line) => line.split(','))
      .map((cells) => Object.fromEntries(cells.map((cell, index) => [names[index], cell])));
    const replicas = rows.filter(({ svname }) => svname.startsWith('replica'));
    return {
      retried: Number(
        rows.find(({ pxname, svname }) => pxname === 'replicas' && svname === 'BACKEND')?.wretr,
      ),
      answers: replicas.map((row) => Number(row.hrsp_2xx)),
    };
  }

  async stop(): Promise<void> {
    if (this.child !== undefined) await endProcess(this.child);
  }

  /** Kills it without waiting for its end. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }
}
