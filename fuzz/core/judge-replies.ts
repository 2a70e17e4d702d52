/** Judges the service by its replies to an exchange. */
import type { Exchange, Reply } from './exchange.js';
import { wrongWith } from './rules.js';
import type { Outcome } from './suite.js';

/** What a case expects of its answers. */
export interface Expectation {
  /** The correct statuses, if the case knows them. */
  readonly allowed?: readonly number[];
  /** Whether the answers are to HEAD. */
  readonly head?: boolean;
}

/** Checks the replies. @param timeoutMs the service's deadline: an answer more than a second later is a fault */
export function judgeReplies(
  replies: readonly Reply[],
  { answers: wanted = 1, leaveAfterMs }: Exchange,
  { allowed, head }: Expectation,
  timeoutMs: number,
): Outcome {
  const statuses: number[] = [];
  const faults = new Set<string>();
  let slowestMs = 0;
  for (const { answers, rest, ended, ms } of replies) {
    for (const answer of answers) {
      statuses.push(answer.status);
      const wrong = wrongWith(answer, head);
      if (wrong !== undefined) faults.add(wrong);
      else if (allowed !== undefined && !allowed.includes(answer.status) && answer.status !== 503)
        faults.add(
          `status ${answer.status} instead of ${allowed.join(' or ')}: ${answer.body.toString('latin1', 0, 300)}`,
        );
    }
    if (answers.length === 0) statuses.push(0);
    if (wanted > 0) slowestMs = Math.max(slowestMs, ms);
    if (answers.length >= wanted || leaveAfterMs !== undefined) continue;
    const missing = `${wanted - answers.length} of ${wanted} answers did not arrive`;
    const how = ended === undefined ? 'the connection stayed open' : `the connection was ${ended}`;
    faults.add(
      `${missing}: ${how}${rest.length > 0 ? ` after ${JSON.stringify(rest.toString('latin1', 0, 100))}` : ''}`,
    );
  }
  const late = slowestMs > timeoutMs + 1_000 ? [`an answer after ${slowestMs.toFixed(0)} ms`] : [];
  return { statuses, faults: [...faults], late };
}

/** Adds the result of a normal picture that was sent meanwhile. @param wrong what was wrong with its answer, if anything */
export function withBystander(outcome: Outcome, wrong: string | undefined): Outcome {
  return wrong === undefined
    ? outcome
    : { ...outcome, late: [...(outcome.late ?? []), `meanwhile ${wrong}`] };
}
