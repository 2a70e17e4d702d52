/** A suite: cases that are plain data generated from a seed, and the function that tries one on the service. */
import type { Random } from '../../bench/simulate/random.js';
import type { Subject } from './subject.js';

/** A case. It is plain JSON, so that it can be saved and replayed. */
export interface Case {
  /** The kind of input, for the figures and for `--only`: `png text bomb`. */
  readonly title: string;
}

/** The outcome of a case. */
export interface Outcome {
  /** Statuses of the answers, in the order of arrival; 0: no answer. */
  readonly statuses: readonly number[];
  /** The rules that were broken, one sentence each. */
  readonly faults: readonly string[];
  /** What took too long. It is a fault only if it repeats, because a single delay may be caused by the machine. */
  readonly late?: readonly string[];
  /** Why the case could not be tried on this machine. */
  readonly skipped?: string;
}

/** A suite that is ready to run: its own servers, if any, are listening. */
export interface Session<C extends Case> {
  /** Settings of the service in addition to those of all suites. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Number of kinds of input. A run with at least this many cases covers each kind once. */
  readonly kinds: number;
  /** Generates a case. @param index from 0; each index below `kinds` gives another kind */
  generate(index: number, random: Random): Promise<C>;
  run(one: C, subject: Subject): Promise<Outcome>;
  close?(): Promise<void>;
}

/** A suite, and how many cases of it a run has. */
export interface Suite<C extends Case = Case> {
  readonly name: string;
  readonly title: string;
  /** Number of cases in a full run, and in the sample that each commit is checked with. */
  readonly cases: { readonly all: number; readonly sample: number };
  /** Maximum milliseconds of a case. After that, the service is assumed to hang. */
  readonly limitMs: number;
  /** Maximum milliseconds of `/-/livez` while a case runs. Default: the maximum at rest. */
  readonly livezMs?: number;
  /** Whether it runs in its own network namespace. */
  readonly inNamespace?: boolean;
  open(): Promise<Session<C>>;
}

/** A way to generate a case. */
export interface Idea<T> {
  readonly title: string;
  /** How often it is drawn after its first time. Default: 1. */
  readonly weight?: number;
  readonly make: (random: Random) => T | Promise<T>;
}

/** The part of a session whose cases are exactly what its ideas make. */
export function casesOf<T extends object>(
  ideas: readonly Idea<T>[],
): Pick<Session<Case & T>, 'kinds' | 'generate'> {
  return {
    kinds: ideas.length,
    generate: async (index, random) => {
      const { title, make } = ideaAt(ideas, index, random);
      return { title, ...(await make(random)) };
    },
  };
}

/** Returns each idea once, in order; after that, draws by weight. */
export function ideaAt<T>(ideas: readonly Idea<T>[], index: number, random: Random): Idea<T> {
  if (index < ideas.length) return ideas[index];
  let left = random() * ideas.reduce((total, { weight = 1 }) => total + weight, 0);
  return ideas.find(({ weight = 1 }) => (left -= weight) < 0) ?? ideas[ideas.length - 1];
}
