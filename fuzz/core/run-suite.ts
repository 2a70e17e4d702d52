/** Runs a suite case by case and watches each. It saves the cases that break a rule, and then replaces the service. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/errors.js';
import { saveCase } from './case-file.js';
import { randomOf, shuffled } from './draw.js';
import { type Figures, newFigures } from './figures.js';
import { BUDGET_MIB, Subject } from './subject.js';
import type { Case, Outcome, Session, Suite } from './suite.js';

/** Maximum time of `/-/livez` at rest. */
const LIVEZ_MS = 100;
/** Memory that heaps, decoders and allocators may use in addition to the budget. */
const SLACK_MIB = 256;
/** Time that the service has to recover after a case: its own deadline and a little more. */
const RECOVERY_MS = 6_000;
/** The normal picture is sent after this many cases, and after each slow one. */
const CHECK_EVERY = 20;
const SLOW_MS = 1_000;
/** How often a late case is tried again. */
const RETRIES = 2;
const PROGRESS_MS = 2_000;

/** Which cases of a suite are run. */
export interface RunOptions {
  readonly seed: number;
  readonly cases: number;
  /** Only cases whose title contains this text. */
  readonly only: string;
  readonly say: (line: string) => void;
}

/** Runs `cases` cases of a suite. */
export async function runSuite(suite: Suite, { seed, cases, only, say }: RunOptions): Promise<Figures> {
  const figures = newFigures(suite.name, seed);
  const started = performance.now();
  const session = await suite.open();
  const trial = await Trial.start(suite, session, figures);
  // Each kind comes once, in an order that depends on the seed, so that short runs with other seeds cover other kinds.
  const order = shuffled(session.kinds, randomOf(seed, suite.name, -1));
  let shownAt = performance.now();
  try {
    for (let index = 0; index < cases; index++) {
      const one = await session.generate(order[index] ?? index, randomOf(seed, suite.name, index));
      if (performance.now() - shownAt > PROGRESS_MS) {
        shownAt = performance.now();
        say(`${index} of ${cases}, ${figures.faults.length} faults; now: ${one.title}`);
      }
      if (!one.title.includes(only)) continue;
      const faults = await trial.try(one, index % CHECK_EVERY === CHECK_EVERY - 1 || index === cases - 1);
      if (faults.length > 0) {
        const output = trial.lastOutput;
        const file = await saveCase({ suite: suite.name, seed, index, faults, output, case: one });
        figures.faults.push({ title: one.title, index, file, text: faults.join('; ') });
        say(
          `FAULT seed ${seed} case ${index} (${one.title}): ${faults.join('; ')}\n  npm run fuzz -- replay ${file}`,
        );
      }
      await trial.recover(faults.length > 0);
    }
    await trial.end();
  } finally {
    await trial.stop();
    await session.close?.();
  }
  figures.seconds = (performance.now() - started) / 1000;
  return figures;
}

/** Tries one case outside a run. @returns the rules that it breaks */
export async function replay(suite: Suite, one: Case, figures: Figures): Promise<readonly string[]> {
  const session = await suite.open();
  const trial = await Trial.start(suite, session, figures);
  try {
    return await trial.try(one, true);
  } finally {
    await trial.end();
    await trial.stop();
    await session.close?.();
  }
}

/** The service of a suite, and the trial of cases on it. */
class Trial {
  private constructor(
    private readonly suite: Suite,
    private readonly session: Session<Case>,
    private readonly figures: Figures,
    private readonly subject: Subject,
  ) {}

  static async start(suite: Suite, session: Session<Case>, figures: Figures): Promise<Trial> {
    const subject = await Subject.start(session.settings ?? {});
    figures.startMiB = subject.startMiB;
    return new Trial(suite, session, figures, subject);
  }

  get lastOutput(): string {
    return this.subject.lastOutput;
  }

  /** Tries a case. @param check whether to send the normal picture afterwards even if nothing was wrong */
  async try(one: Case, check: boolean): Promise<readonly string[]> {
    const first = await this.once(one, check);
    const { figures } = this;
    figures.cases++;
    figures.kinds.add(one.title);
    if (first.skipped !== undefined) figures.skipped.set(one.title, first.skipped);
    for (const status of first.statuses)
      figures.statuses.set(status, (figures.statuses.get(status) ?? 0) + 1);
    // A single delay may be caused by the machine. A delay of the service itself repeats.
    let last = first;
    for (let left = RETRIES; left > 0 && last.faults.length === 0 && last.late.length > 0; left--)
      last = await this.once(one, true);
    return [...last.faults, ...last.late];
  }

  private async once(one: Case, check: boolean): Promise<Outcome & Required<Pick<Outcome, 'late'>>> {
    const { subject, figures } = this;
    await subject.seen();
    const started = performance.now();
    const hung: Outcome = { statuses: [], faults: [`the case takes longer than ${this.suite.limitMs} ms`] };
    const limit = sleep(this.suite.limitMs, hung, { ref: false });
    const failed = (error: unknown): Outcome => ({
      statuses: [],
      faults: [`the case failed: ${messageOf(error)}`],
    });
    const outcome = await Promise.race([this.session.run(one, subject).catch(failed), limit]);
    const slow = performance.now() - started > SLOW_MS;
    const faults = [...outcome.faults];
    if (check || slow || faults.length > 0) {
      const wrong = await subject.normalAnswer(RECOVERY_MS);
      if (wrong !== undefined) faults.push(`afterwards ${wrong}`);
    }
    const seen = await subject.seen();
    figures.probes += seen.probes;
    figures.worstLivezMs = Math.max(figures.worstLivezMs, seen.worstMs);
    figures.worstLivezOwnMs = Math.max(figures.worstLivezOwnMs, seen.worstOwnMs);
    figures.peakMiB = Math.max(figures.peakMiB, seen.peakMiB);
    const loopMs = await subject.eventLoopMs();
    figures.worstEventLoopMs = Math.max(figures.worstEventLoopMs, loopMs ?? 0);
    const allowedMiB = subject.startMiB + BUDGET_MIB + SLACK_MIB;
    if (seen.peakMiB > allowedMiB)
      faults.push(`${seen.peakMiB.toFixed(0)} MiB of memory; ${allowedMiB.toFixed(0)} are allowed`);
    if (subject.hasEnded) faults.push('the process has ended');
    const text = `/-/livez takes ${seen.worstMs.toFixed(0)} ms (${seen.worstOwnMs.toFixed(0)} of its own, event loop ${loopMs?.toFixed(0) ?? 'silent'})`;
    if (seen.worstOwnMs > 1_000) faults.push(text);
    const late = [
      ...(outcome.late ?? []),
      ...(seen.worstOwnMs > (this.suite.livezMs ?? LIVEZ_MS) ? [text] : []),
    ];
    return { ...outcome, faults, late };
  }

  /** After a fault, the state of the service is unknown, so it is restarted. */
  async recover(faulty: boolean): Promise<void> {
    if (!faulty) return;
    this.figures.restarts++;
    await this.subject.restart();
  }

  async end(): Promise<void> {
    this.figures.afterMiB = (await this.subject.seen()).nowMiB;
  }

  stop(): Promise<void> {
    return this.subject.kill();
  }
}
