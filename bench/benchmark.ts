/** A benchmark: a run that returns plain figures, and a report that turns them into tables and plots. */
import type { Table } from '../tools/table.js';
import type { Encoding } from './payload.js';
import type { Picture } from './pictures.js';

/** The input of a benchmark. */
export interface BenchmarkContext {
  readonly pictures: readonly Picture[];
  readonly encodings: readonly Encoding[];
  readonly concurrencies: readonly number[];
  /** Whether to run short rounds, which give rough figures. */
  readonly quick: boolean;
  /** How many requests the memory benchmark sends. */
  readonly requests: number;
  /** Figures of benchmarks that ran before or were read from a file, by name. */
  readonly earlier: Readonly<Record<string, unknown>>;
  /** Reports progress. */
  readonly say: (sentence: string) => void;
}

/** A plot of figures. */
export interface Plot {
  /** File name without its extension. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** Figures in human-readable form. */
export interface Report {
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** What a reader must know to understand the figures. */
  readonly notes: readonly string[];
}

/** One benchmark of the service. Its result is plain JSON. */
export interface Benchmark<R = unknown> {
  readonly name: string;
  readonly title: string;
  readonly run: (context: BenchmarkContext) => Promise<R>;
  readonly report: (result: R) => Report;
}
