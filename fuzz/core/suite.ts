/** What a suite is: cases that are plain data, made from a seed, and what happens to the service when one is tried. */
import type { Random } from '../../bench/simulate/random.js';
import type { Subject } from './subject.js';

/** One thing that is tried. Plain JSON, so that it can be saved and tried again. */
export interface Case {
  /** The kind of input, for the figures and for `--only`: `png text bomb`. */
  readonly title: string;
}

/** What became of a case. */
export interface Outcome {
  /** Statuses of the answers, in the order they came; 0: no answer. */
  readonly statuses: readonly number[];
  /** What broke a rule, one sentence each; empty: nothing. */
  readonly faults: readonly string[];
  /** What took too long: a fault where it does so again, as once it may be the machine's doing. */
  readonly late?: readonly string[];
  /** Why the case could not be tried on this machine. */
  readonly skipped?: string;
}

/** A suite that is ready to run: its servers, if it has any, listen. */
export interface Session<C extends Case> {
  /** Settings of the service; undefined: the cases start their own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How many kinds of input there are: so many cases at least cover each once. */
  readonly kinds: number;
  /** @param index from 0; those below `kinds` are each of another kind */
  generate(index: number, random: Random): Promise<C>;
  run(one: C, subject: Subject): Promise<Outcome>;
  close(): Promise<void>;
}

/** A kind of input, and how many cases of it a run has. */
export interface Suite<C extends Case = Case> {
  readonly name: string;
  readonly title: string;
  /** Cases of a whole run, and of the sample that each commit is checked with. */
  readonly cases: { readonly all: number; readonly sample: number };
  /** The most one case may take, in milliseconds: past it the service is taken to hang. */
  readonly limitMs: number;
  /** What `/-/livez` may take while a case runs, in milliseconds; default: what it may take at rest. */
  readonly livezMs?: number;
  /** Whether it runs in a network namespace of its own. */
  readonly inNamespace?: boolean;
  open(): Promise<Session<C>>;
}

/** A way to make a case. */
export interface Idea<T> {
  readonly title: string;
  /** How often it comes after its first time; default 1. */
  readonly weight?: number;
  readonly make: (random: Random) => T | Promise<T>;
}

/** Each idea once, in order; then drawn by weight. */
export function ideaAt<T>(ideas: readonly Idea<T>[], index: number, random: Random): Idea<T> {
  if (index < ideas.length) return ideas[index];
  let left = random() * ideas.reduce((total, { weight = 1 }) => total + weight, 0);
  return ideas.find(({ weight = 1 }) => (left -= weight) < 0) ?? ideas[ideas.length - 1];
}
