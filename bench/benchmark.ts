/** What a benchmark is: a run that ends in plain figures, and a report that puts them into tables and plots. */
import type { Table } from '../tools/table.js';
import type { Encoding } from './payload.js';
import type { Picture } from './pictures.js';

/** What a benchmark works with. */
export interface BenchmarkContext {
  readonly pictures: readonly Picture[];
  readonly encodings: readonly Encoding[];
  readonly concurrencies: readonly number[];
  /** Short rounds, rough figures. */
  readonly quick: boolean;
  /** How many requests the memory benchmark sends. */
  readonly requests: number;
  /** Figures of the benchmarks that ran before, or that were read from a file, by name. */
  readonly earlier: Readonly<Record<string, unknown>>;
  /** Says how far it is. */
  readonly say: (sentence: string) => void;
}

/** A picture of the figures. */
export interface Plot {
  /** File name without its ending. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** Figures for people. */
export interface Report {
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** Sentences a reader of the figures must know. */
  readonly notes: readonly string[];
}

/** One measurement of the service; its result is plain JSON. */
export interface Benchmark<R = unknown> {
  readonly name: string;
  readonly title: string;
  readonly run: (context: BenchmarkContext) => Promise<R>;
  readonly report: (result: R) => Report;
}
