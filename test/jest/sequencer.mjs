/** Begins with the test files that take longest, lest one of them is left running alone at the end. */
import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

/** Those that take more than about four seconds, the longest first. The order of the others hardly matters. */
const LONGEST = [
  'inference/inference-pool',
  'models/install',
  'inference/sharing',
  'e2e/process',
  'e2e/shutdown',
  'models/default-pack',
  'e2e/large-pictures',
  'images/decoder-bombs',
  'e2e/process-faults',
  'e2e/access',
  'models/prepare',
  'inference/batching',
  'access/redis',
  'e2e/traces',
  'models/prepare-failures',
  'e2e/worker-loss',
  'e2e/bodies',
  'e2e/options',
  'e2e/sources',
  'e2e/gpu',
  'inference/worker-threads',
  'architecture/imports',
  'tools/cuda',
  'e2e/batch',
  'e2e/health',
  'e2e/log',
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
