/** An evaluation: a name, the data it needs, and a run that returns a report. */
import type { Table } from '../tools/table.js';
import type { Engine } from './engine.js';

/** The inputs of an evaluation. */
export interface EvaluationContext {
  /** The service, ready to analyse pictures. */
  readonly engine: Engine;
  /** Folder of the data set. */
  readonly folder: string;
  /** ONNX file of a second detector that judges where labels are incomplete; it need not exist. */
  readonly judge: string;
  /** The most items to measure, spread evenly over the data; Infinity: all. */
  readonly limit: number;
  /** Whether to include items that our own heads were trained on, where a set has a held-out part. */
  readonly trainedOn: boolean;
  /** Starts a line of progress. */
  readonly progress: (label: string, total: number) => ProgressLine;
}

/** A count that is shown while it runs. */
export interface ProgressLine {
  /** Counts one more item. */
  tick(): void;
  /** Ends the line; returns the items per second. */
  done(): number;
}

/** A picture of the figures. */
export interface Plot {
  /** File name without its ending. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** The results of an evaluation. */
export interface Report {
  /**
   * Figures by name, in plain units (0…1, degrees, pixels): what `--json` prints and what the bars are compared with.
   */
  readonly figures: Readonly<Record<string, number>>;
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** Sentences for the reader of the figures: how they were made, and what they do not say. */
  readonly notes: readonly string[];
}

/** One measurement of the service. */
export interface Evaluation {
  /** The subcommand, and the folder of its data beside the others. */
  readonly name: string;
  /** Folder of the data where it is not `name`. */
  readonly data?: string;
  readonly title: string;
  run(context: EvaluationContext): Promise<Report>;
}

/** A share as a percentage. */
export function percent(share: number, digits = 2): string {
  return `${(share * 100).toFixed(digits)} %`;
}
