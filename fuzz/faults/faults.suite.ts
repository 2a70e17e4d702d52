/** Faults of the process and of its environment. */
import type { Subject } from '../core/subject.js';
import type { Case, Outcome, Suite } from '../core/suite.js';
import { NEIGHBOUR_FAULTS } from './neighbour-faults.js';
import { PROCESS_FAULTS } from './process-faults.js';
import type { Scenario } from './scenario.js';
import { START_FAULTS } from './start-faults.js';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...PROCESS_FAULTS,
  ...START_FAULTS,
  ...NEIGHBOUR_FAULTS,
};
const TITLES = Object.keys(SCENARIOS);

export const FAULTS: Suite = {
  name: 'faults',
  title: 'Faults of the process and its environment: kills, no files, no disk, clock jumps, Redis, keys',
  cases: { all: 2 * TITLES.length, sample: 5 },
  limitMs: 90_000,
  // In addition to the watched service, a second one and its dependencies are started and put under load.
  livezMs: 1_000,
  open: () =>
    Promise.resolve({
      kinds: TITLES.length,
      generate: (index) => Promise.resolve({ title: TITLES[index % TITLES.length] }),
      run,
    }),
};

async function run({ title }: Case, subject: Subject): Promise<Outcome> {
  const { statuses = [], faults = [], skipped } = await SCENARIOS[title](subject);
  return { statuses, faults, skipped };
}
