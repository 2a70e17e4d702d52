/** Tables and plots of throughput and latency. */
import { plotCurves, type Series } from '../tools/plot.js';
import type { Table } from '../tools/table.js';
import type { Plot, Report } from './benchmark.js';
import { concurrencyAxis } from './concurrency-axis.js';
import { figure, roundUp } from './figure.js';
import type { SingleResult } from './single.js';
import type { SpeedCell, SpeedResult } from './speed.js';

/** Turns the figures into a report. */
export function reportSpeed({ rounds, cores, cells, single }: SpeedResult): Report {
  return {
    tables: [load(cells), singles(single), ...single.map(stages)],
    plots: plots(cells),
    notes: [
      `Medians of ${rounds} rounds. The limit is what ${cores} threads do that only decode the whole picture with sharp and run its models on ready-made tensors, each model once for each face, in the batches of the service: no HTTP, no pre- and post-processing, no rescoring. It is measured right before each of the service’s windows. The service shares the cores with its caller; the limit has no caller.`,
      'One request at a time is compared with the models alone on one thread, without decoding, request by request.',
    ],
  };
}

function load(cells: readonly SpeedCell[]): Table {
  return {
    title: 'Under load',
    head: [
      'picture',
      'sent as',
      'at a time',
      'requests/s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'service cores',
      'caller cores',
      'RSS MiB',
      'limit/s',
      'service ÷ limit',
    ],
    rows: cells.map((cell) => [
      cell.picture,
      cell.encoding,
      String(cell.concurrency),
      figure(cell.requestsPerSecond),
      figure(cell.p50Ms),
      figure(cell.p95Ms),
      figure(cell.p99Ms),
      cell.serviceCores.toFixed(2),
      cell.clientCores.toFixed(2),
      figure(cell.rssMiB),
      figure(cell.limitPerSecond),
      cell.ofLimit.toFixed(2),
    ]),
  };
}

function singles(results: readonly SingleResult[]): Table {
  return {
    title: 'One request at a time',
    head: ['picture', 'request ms', 'models ms', 'request ÷ models'],
    rows: results.map(({ picture, requestMs, modelsMs, ratio }) => [
      picture,
      requestMs.toFixed(1),
      modelsMs.toFixed(1),
      ratio.toFixed(2),
    ]),
  };
}

function stages({ picture, stages: named, models }: SingleResult): Table {
  return {
    title: `Where the time of ${picture} goes`,
    head: ['stage of the service', 'ms', 'model alone', 'ms'],
    rows: zipRows(Object.entries(named), Object.entries(models)),
  };
}

function zipRows(left: readonly [string, number][], right: readonly [string, number][]): string[][] {
  const cell = (entry: [string, number] | undefined): string[] =>
    entry === undefined ? ['', ''] : [entry[0], entry[1].toFixed(2)];
  const rows = Math.max(left.length, right.length);
  return Array.from({ length: rows }, (_, row) => [...cell(left[row]), ...cell(right[row])]);
}

function plots(cells: readonly SpeedCell[]): Plot[] {
  const concurrencies = [...new Set(cells.map(({ concurrency }) => concurrency))];
  if (concurrencies.length < 2) return [];
  const x = concurrencyAxis(concurrencies);
  const curves = (value: (cell: SpeedCell) => number): Series[] =>
    [...new Set(cells.map(({ picture, encoding }) => `${picture}, ${encoding}`))].map((label) => ({
      label,
      points: cells
        .filter(({ picture, encoding }) => `${picture}, ${encoding}` === label)
        .map((cell) => [cell.concurrency, value(cell)] as const),
    }));
  const highest = (value: (cell: SpeedCell) => number): number => Math.max(...cells.map(value));
  const share = { label: 'service ÷ limit', from: 0, to: 1.2 };
  const throughput = {
    label: 'requests per second',
    from: 0,
    to: roundUp(highest((cell) => cell.requestsPerSecond)),
  };
  const p99 = { label: 'p99 latency, ms', from: 10, to: 10_000, logarithmic: true };
  return [
    {
      name: 'throughput',
      title: 'Throughput by concurrency',
      svg: plotCurves(
        'Throughput',
        x,
        throughput,
        curves((cell) => cell.requestsPerSecond),
      ),
    },
    {
      name: 'p99',
      title: '99th percentile of the latency by concurrency',
      svg: plotCurves(
        'Latency, 99th percentile',
        x,
        p99,
        curves((cell) => cell.p99Ms),
      ),
    },
    {
      name: 'of-limit',
      title: 'Share of the machine’s limit by concurrency',
      svg: plotCurves(
        'Service ÷ limit',
        x,
        share,
        curves((cell) => cell.ofLimit),
      ),
    },
  ];
}
