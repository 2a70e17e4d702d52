/** Benchmark: the service against other libraries for Node.js, measured alternately with the same pictures. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Benchmark, BenchmarkContext, Report } from './benchmark.js';
import { Client } from './client.js';
import { closedLoop } from './closed-loop.js';
import { payload } from './payload.js';
import type { Picture } from './pictures.js';
import { type ServerProcess, startServer } from './server-process.js';
import { figure } from './figure.js';
import { warmService, windowFor } from './speed.js';
import { medians, quantile } from './statistics.js';

/** The project's own service comes first. */
const SERVERS: Readonly<Record<string, () => Promise<ServerProcess>>> = {
  service: () => warmService(),
  human: () => startServer('bench/peers/human.mjs', {}),
  'face-api': () => startServer('bench/peers/face-api.mjs', {}),
};
const PEERS_FOLDER = 'bench/peers';
const CONCURRENCIES = [1, 8];

/** Medians over all rounds of one server with one picture. */
export interface PeerCell {
  readonly picture: string;
  readonly concurrency: number;
  readonly server: string;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Number of faces found. */
  readonly faces: number;
  /** Median of the rounds' service ÷ this server, in requests per second. */
  readonly serviceDividedBy: number;
}

interface Peer {
  readonly name: string;
  readonly process: ServerProcess;
  readonly client: Client;
}

type Round = Pick<PeerCell, 'requestsPerSecond' | 'p50Ms' | 'p99Ms' | 'serviceDividedBy'>;

export const PEERS: Benchmark<readonly PeerCell[]> = {
  name: 'peers',
  title: 'Against other libraries',
  run,
  report,
};

async function run({ pictures, quick, say }: BenchmarkContext): Promise<readonly PeerCell[]> {
  installPeers(say);
  const peers: Peer[] = [];
  try {
    for (const [name, start] of Object.entries(SERVERS)) {
      const process = await start();
      peers.push({ name, process, client: new Client(process.url) });
    }
    const cells: PeerCell[] = [];
    for (const picture of pictures) {
      for (const concurrency of CONCURRENCIES) {
        say(`${picture.name}, ${concurrency} at a time`);
        cells.push(...(await compare(peers, picture, concurrency, quick)));
      }
    }
    return cells;
  } finally {
    for (const { client, process } of peers) {
      client.close();
      await process.stop();
    }
  }
}

/** Measures all servers alternately with one picture. */
async function compare(
  peers: readonly Peer[],
  picture: Picture,
  concurrency: number,
  quick: boolean,
): Promise<PeerCell[]> {
  const body = payload(picture, 'raw');
  const rounds = peers.map((): Round[] => []);
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    for (const [index, { client }] of peers.entries()) {
      const load = await closedLoop(client, body, concurrency, windowFor(concurrency, quick));
      const times = load.answers.map(({ ms }) => ms);
      const ours = rounds[0][round]?.requestsPerSecond ?? load.requestsPerSecond;
      rounds[index].push({
        requestsPerSecond: load.requestsPerSecond,
        p50Ms: quantile(times, 0.5),
        p99Ms: quantile(times, 0.99),
        serviceDividedBy: ours / load.requestsPerSecond,
      });
    }
  }
  return Promise.all(
    peers.map(async ({ name, client }, index) => {
      const { faces } = JSON.parse((await client.post(body)).text()) as { faces: unknown[] };
      return {
        picture: picture.name,
        concurrency,
        server: name,
        faces: faces.length,
        ...medians(rounds[index]),
      };
    }),
  );
}

/** Installs the other libraries. They have their own package, so that they are not installed with the service. */
function installPeers(say: (sentence: string) => void): void {
  if (existsSync(`${PEERS_FOLDER}/node_modules`)) return;
  say(`installing the other libraries into ${PEERS_FOLDER}, once: about 375 MB`);
  execFileSync('npm', ['ci', '--prefix', PEERS_FOLDER, '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function report(cells: readonly PeerCell[]): Report {
  return {
    tables: [
      {
        title: 'The same pictures as raw bodies, measured alternately',
        head: [
          'picture',
          'at a time',
          'server',
          'faces found',
          'requests/s',
          'p50 ms',
          'p99 ms',
          'service ÷ it',
        ],
        rows: cells.map((cell) => [
          cell.picture,
          String(cell.concurrency),
          cell.server,
          String(cell.faces),
          figure(cell.requestsPerSecond),
          figure(cell.p50Ms),
          figure(cell.p99Ms),
          cell.serviceDividedBy.toFixed(2),
        ]),
      },
    ],
    plots: [],
    notes: [
      '`human` is @vladmandic/human on its WASM back end: detector with rotation, mesh, description (embedding, age, gender) and liveness; no mask, quality or race. `face-api` is @vladmandic/face-api on WASM: SSD MobileNet, 68 landmarks, descriptor, age and gender; no pose, liveness, mask, quality or race. Each runs behind a minimal HTTP server, with one process per core, on pixels decoded by the same sharp ([bench/peers](../../bench/peers)).',
    ],
  };
}
