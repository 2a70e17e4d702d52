/** Begins with the test files that take longest, lest one of them is left running alone at the end. */
import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

/** Those that take more than about five seconds, longest first. */
const LONGEST = [
  'e2e/process',
  'pipeline/inference-pool',
  'models/install',
  'models/default-pack',
  'e2e/shutdown',
  'e2e/large-pictures',
  'e2e/access',
  'e2e/bodies',
  'e2e/process-faults',
  'e2e/worker-loss',
  'e2e/traces',
  'e2e/options',
  'models/prepare',
  'models/prepare-failures',
  'pipeline/sharing',
  'pipeline/batching',
  'e2e/sources',
  'e2e/crowds',
  'images/image-decoder',
  'images/decoder-bombs',
  'images/decoder-process',
  'evaluation/split',
  'architecture/imports',
];

const rank = ({ path }) => {
  const index = LONGEST.findIndex((name) => path.endsWith(`/${name}.test.js`));
  return index === -1 ? LONGEST.length : index;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
