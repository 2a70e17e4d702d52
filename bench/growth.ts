/** Benchmark: how throughput and latency grow with the number of workers and with concurrency. */
import { availableCpus } from '../src/config/available-cpus.js';
import { plotCurves } from '../tools/plot.js';
import type { Benchmark, BenchmarkContext, Report } from './benchmark.js';
import { Client } from './client.js';
import { concurrencyAxis } from './concurrency-axis.js';
import { figure, roundUp } from './figure.js';
import { payload } from './payload.js';
import type { ServerProcess } from './server-process.js';
import { measure, warmService, windowFor } from './speed.js';
import { medians } from './statistics.js';

/** Medians over all rounds. */
export interface GrowthCell {
  readonly workers: number;
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The figures. */
export interface GrowthResult {
  readonly picture: string;
  readonly rounds: number;
  /** Milliseconds from the start of the process to readiness, by number of workers. */
  readonly startMs: Readonly<Record<number, number>>;
  readonly cells: readonly GrowthCell[];
}

export const GROWTH: Benchmark<GrowthResult> = { name: 'growth', title: 'Growth', run, report };

async function run({
  pictures: [picture],
  concurrencies,
  quick,
  say,
}: BenchmarkContext): Promise<GrowthResult> {
  const rounds = quick ? 2 : 5;
  const services: { workers: number; service: ServerProcess; client: Client }[] = [];
  const body = payload(picture, 'raw');
  try {
    for (let workers = 1; workers <= Math.max(2, availableCpus()); workers++) {
      const service = await warmService(workers);
      services.push({ workers, service, client: new Client(service.url) });
    }
    const plan = concurrencies.flatMap((concurrency) =>
      services.map((one) => ({
        ...one,
        concurrency,
        done: [] as Omit<GrowthCell, 'workers' | 'concurrency'>[],
      })),
    );
    for (let round = 1; round <= rounds; round++) {
      for (const { workers, service, client, concurrency, done } of plan) {
        say(`round ${round} of ${rounds}: ${workers} workers, ${concurrency} at a time`);
        done.push(await measure(service, client, body, concurrency, windowFor(concurrency, quick)));
      }
    }
    return {
      picture: picture.name,
      rounds,
      startMs: Object.fromEntries(services.map(({ workers, service }) => [workers, service.startMs])),
      cells: plan.map(({ workers, concurrency, done }) => ({
        workers,
        concurrency,
        ...medians(done.map(({ requestsPerSecond, p50Ms, p99Ms }) => ({ requestsPerSecond, p50Ms, p99Ms }))),
      })),
    };
  } finally {
    for (const { client, service } of services) {
      client.close();
      await service.stop();
    }
  }
}

function report({ picture, rounds, startMs, cells }: GrowthResult): Report {
  const all = [...new Set(cells.map(({ workers }) => workers))];
  const concurrencies = [...new Set(cells.map(({ concurrency }) => concurrency))];
  const of = (workers: number): GrowthCell[] => cells.filter((cell) => cell.workers === workers);
  const highest = roundUp(Math.max(...cells.map(({ requestsPerSecond }) => requestsPerSecond)));
  const svg = plotCurves(
    'Throughput by workers',
    concurrencyAxis(concurrencies),
    { label: 'requests per second', from: 0, to: highest },
    all.map((workers) => ({
      label: `${workers} worker${workers === 1 ? '' : 's'}`,
      points: of(workers).map((cell) => [cell.concurrency, cell.requestsPerSecond] as const),
    })),
  );
  return {
    tables: [
      {
        title: `${picture} by workers and concurrency`,
        head: ['at a time', ...all.flatMap((workers) => [`${workers} w: requests/s`, 'p50 ms', 'p99 ms'])],
        rows: concurrencies.map((concurrency) => [
          String(concurrency),
          ...all.flatMap((workers) =>
            of(workers)
              .filter((cell) => cell.concurrency === concurrency)
              .flatMap((cell) => [figure(cell.requestsPerSecond), figure(cell.p50Ms), figure(cell.p99Ms)]),
          ),
        ]),
      },
      {
        title: 'From the start of the process to readiness',
        head: ['workers', 'ms'],
        rows: Object.entries(startMs).map(([workers, ms]) => [workers, figure(ms)]),
      },
    ],
    plots: [{ name: 'growth', title: 'Throughput by workers and concurrency', svg }],
    notes: [`Medians of ${rounds} rounds.`],
  };
}
