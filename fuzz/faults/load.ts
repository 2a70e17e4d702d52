/** Load on the service while something goes wrong. */
import { exchange } from '../core/exchange.js';
import { DETECT, post } from '../core/http-text.js';
import { wrongWith } from '../core/rules.js';
import type { Subject } from '../core/subject.js';
import type { Outcome } from '../core/suite.js';

/** Sends pictures until it is stopped. */
export interface Load {
  /** Stops the load. @returns the statuses of the answers, and the rules that were broken */
  stop(): Promise<Outcome>;
}

/** Starts the load. @param excused statuses that the fault explains; 0: no answer */
export function startLoad(
  subject: Subject,
  picture: Buffer,
  callers: number,
  excused: readonly number[],
): Load {
  const statuses: number[] = [];
  const faults = new Set<string>();
  let over = false;
  const call = async (): Promise<void> => {
    while (!over) {
      const steps = post(DETECT, 'application/octet-stream', picture, { Connection: 'close' });
      const [{ answers, ended }] = await exchange(subject.url, { steps }, 15_000);
      const [answer] = answers;
      statuses.push(answer?.status ?? 0);
      const wrong = answer === undefined ? `no answer (${ended ?? 'open'})` : wrongWith(answer);
      if (wrong !== undefined && !excused.includes(answer?.status ?? 0)) faults.add(`under load ${wrong}`);
    }
  };
  const calls = Array.from({ length: callers }, call);
  return {
    stop: async () => {
      over = true;
      await Promise.all(calls);
      return { statuses, faults: [...faults] };
    },
  };
}
