/** The figures of a suite, and their table. */
import type { Table } from '../../tools/table.js';

/** The results of a run of a suite. */
export interface Figures {
  readonly suite: string;
  readonly seed: number;
  cases: number;
  /** Titles of the cases that could not be tried on this machine, with the reason. */
  readonly skipped: Map<string, string>;
  /** The kinds of input that were tried. */
  readonly kinds: Set<string>;
  /** Answers by status; 0: none was expected, or none arrived. */
  readonly statuses: Map<number, number>;
  /** Slowest `/-/livez` in ms: wall-clock time, and the same without waiting for a CPU. */
  worstLivezMs: number;
  worstLivezOwnMs: number;
  probes: number;
  /** Longest delay of the event loop, measured by the service itself, in ms. */
  worstEventLoopMs: number;
  /** Resident memory of the service and its children in MiB. */
  startMiB: number;
  peakMiB: number;
  afterMiB: number;
  restarts: number;
  seconds: number;
  readonly faults: {
    readonly title: string;
    readonly index: number;
    readonly file: string;
    readonly text: string;
  }[];
}

export function newFigures(suite: string, seed: number): Figures {
  return {
    suite,
    seed,
    cases: 0,
    skipped: new Map(),
    kinds: new Set(),
    statuses: new Map(),
    worstLivezMs: 0,
    worstLivezOwnMs: 0,
    probes: 0,
    worstEventLoopMs: 0,
    startMiB: 0,
    peakMiB: 0,
    afterMiB: 0,
    restarts: 0,
    seconds: 0,
    faults: [],
  };
}

/** A table with one row per suite. */
export function figuresTable(all: readonly Figures[]): Table {
  const whole = (value: number): string => (value === 0 ? '–' : value.toFixed(0));
  return {
    title: 'Cases, answers and their cost',
    head: [
      'suite',
      'seed',
      'cases',
      'kinds',
      'answers by status',
      'worst livez ms (own)',
      'event loop ms',
      'MiB before',
      'peak',
      'after',
      'faults',
      's',
    ],
    rows: all.map((one) => [
      one.suite,
      String(one.seed),
      one.skipped.size === 0 ? String(one.cases) : `${one.cases} (${one.skipped.size} skipped)`,
      String(one.kinds.size),
      statusesText(one.statuses),
      one.probes === 0 ? '–' : `${whole(one.worstLivezMs)} (${whole(one.worstLivezOwnMs)})`,
      whole(one.worstEventLoopMs),
      whole(one.startMiB),
      whole(one.peakMiB),
      whole(one.afterMiB),
      String(one.faults.length),
      whole(one.seconds),
    ]),
  };
}

function statusesText(statuses: ReadonlyMap<number, number>): string {
  return [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status === 0 ? 'none' : status}: ${count}`)
    .join(', ');
}
