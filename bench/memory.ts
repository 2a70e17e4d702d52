/** Benchmark of resident memory: over many mixed requests, by number of workers, and under simultaneous large uploads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { plotCurves } from '../tools/plot.js';
import type { Benchmark, BenchmarkContext, Report } from './benchmark.js';
import { Client } from './client.js';
import { figure, roundUp } from './figure.js';
import { draw, mixedRequests } from './mixed-requests.js';
import { payload } from './payload.js';
import type { Picture } from './pictures.js';
import { warmService } from './speed.js';

const CALLERS = 8;
const READINGS = 20;
const UPLOADS = 32;
const SETTLE_MS = 1000;

/** Resident memory in MiB. */
export interface MemoryResult {
  readonly requests: number;
  /** Memory after that many mixed requests. */
  readonly curve: readonly { readonly requests: number; readonly rssMiB: number }[];
  /** Memory after all requests ÷ after a tenth of them. */
  readonly growth: number;
  /** Answers to the mixed requests by status; 0: the caller disconnected. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Memory by number of warm workers. */
  readonly workers: Readonly<Record<number, number>>;
  readonly uploads: {
    readonly count: number;
    readonly beforeMiB: number;
    readonly peakMiB: number;
    readonly statuses: Readonly<Record<number, number>>;
  };
}

export const MEMORY: Benchmark<MemoryResult> = { name: 'memory', title: 'Memory', run, report };

async function run({ pictures, requests, say }: BenchmarkContext): Promise<MemoryResult> {
  const workers: Record<number, number> = {};
  for (const count of [1, 2, 3]) {
    say(`resident memory of ${count} workers`);
    workers[count] = await memoryOf(count, pictures[0]);
  }
  const largest = pictures[pictures.length - 1];
  say(`${UPLOADS} uploads of ${largest.name} at the same time`);
  const uploads = await uploadTogether(largest);
  const { curve, statuses } = await mixed(pictures, requests, say);
  const tenth = curve.find((reading) => reading.requests >= requests / 10) ?? curve[0];
  const growth = curve[curve.length - 1].rssMiB / tenth.rssMiB;
  return { requests, curve, growth, statuses, workers, uploads };
}

/** Memory after every worker has had some work. */
async function memoryOf(workers: number, picture: Picture): Promise<number> {
  const service = await warmService(workers);
  const client = new Client(service.url);
  try {
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: workers }, () => client.post(payload(picture, 'raw'))));
    }
    return (await service.usage()).rssMiB;
  } finally {
    client.close();
    await service.stop();
  }
}

async function uploadTogether(picture: Picture): Promise<MemoryResult['uploads']> {
  const service = await warmService();
  const client = new Client(service.url);
  try {
    const { rssMiB: beforeMiB } = await service.usage();
    const body = payload(picture, 'raw');
    const answers = await Promise.all(Array.from({ length: UPLOADS }, () => client.post(body)));
    const { peakRssMiB: peakMiB } = await service.usage();
    return { count: UPLOADS, beforeMiB, peakMiB, statuses: count(answers) };
  } finally {
    client.close();
    await service.stop();
  }
}

async function mixed(
  pictures: readonly Picture[],
  requests: number,
  say: BenchmarkContext['say'],
): Promise<Pick<MemoryResult, 'curve' | 'statuses'>> {
  const mix = await mixedRequests(pictures);
  const service = await warmService();
  const client = new Client(service.url);
  const curve: { requests: number; rssMiB: number }[] = [];
  const statuses: Record<number, number> = {};
  let sent = 0;
  try {
    while (sent < requests) {
      const until = Math.min(requests, sent + Math.ceil(requests / READINGS));
      const caller = async (): Promise<void> => {
        while (sent < until) {
          sent++;
          const { payload: body, abortMs } = draw(mix, Math.random());
          const signal = abortMs === undefined ? undefined : AbortSignal.timeout(abortMs);
          const { status } = await client.post(body, signal);
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      await sleep(SETTLE_MS);
      const { rssMiB } = await service.usage();
      curve.push({ requests: sent, rssMiB });
      say(`${sent} of ${requests} mixed requests: ${rssMiB.toFixed(0)} MiB`);
    }
    return { curve, statuses };
  } finally {
    client.close();
    await service.stop();
  }
}

function count(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function report({ requests, curve, growth, statuses, workers, uploads }: MemoryResult): Report {
  const mib = (value: number): string => figure(value, 4);
  const listed = (counts: Readonly<Record<number, number>>): string =>
    Object.entries(counts)
      .map(([status, number]) => `${number} × ${status === '0' ? 'disconnected' : status}`)
      .join(', ');
  const highest = roundUp(Math.max(...curve.map(({ rssMiB }) => rssMiB)));
  const svg = plotCurves(
    'Resident memory over mixed requests',
    { label: 'requests', from: 0, to: requests },
    { label: 'MiB', from: 0, to: highest },
    [{ label: 'RSS', points: curve.map((reading) => [reading.requests, reading.rssMiB] as const) }],
  );
  return {
    tables: [
      {
        title: 'Resident memory',
        head: ['figure', 'MiB'],
        rows: [
          ...Object.entries(workers).map(([number, rss]) => [`${number} warm workers`, mib(rss)]),
          ['each additional worker', mib((workers[3] - workers[1]) / 2)],
          [`before ${uploads.count} simultaneous uploads of 12 megapixels`, mib(uploads.beforeMiB)],
          ['peak during these uploads', mib(uploads.peakMiB)],
          ...curve
            .filter((_, index) => index === 1 || index === curve.length - 1)
            .map((reading) => [`after ${reading.requests} mixed requests`, mib(reading.rssMiB)]),
        ],
      },
    ],
    plots: [{ name: 'memory', title: 'Resident memory over mixed requests', svg }],
    notes: [
      `After ${requests} mixed requests, the service uses ${growth.toFixed(2)} times the memory that it used after a tenth of them. Answers to the mixed requests: ${listed(statuses)}; to the uploads: ${listed(uploads.statuses)}.`,
    ],
  };
}
