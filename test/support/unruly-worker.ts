/** A worker thread that fails on request, in every way that a thread can. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerMessage } from '../../src/worker/protocol.js';

type Deed = 'answer' | 'exit' | 'throw' | 'reject' | 'memory' | 'hang' | 'wait' | 'garbage';

const DEEDS: Record<Deed, () => void> = {
  answer: () => say({ kind: 'answer', answer: { outcomes: [], times: NO_TIMES } }),
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('thrown on purpose');
  },
  reject: () => void Promise.reject(new Error('rejected on purpose')),
  memory: () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 1_000 }, (_, index) => ({ index })));
  },
  hang: () => {
    for (;;);
  },
  wait: () => void setTimeout(() => DEEDS.answer(), 400),
  garbage: () => parentPort?.postMessage({ kind: 'answer', answer: { outcomes: [], times: () => 0 } }),
};
const NO_TIMES = { startedAt: 0, detect: 0, recognise: 0, attributes: 0 };
const say = (message: WorkerMessage): void => parentPort?.postMessage(message);

/** What it does at its start, by number. The memory is shared with the test, which changes it. */
const [atStart] = workerData as Int32Array;
parentPort?.on('message', ({ deed }: { deed: Deed }) => DEEDS[deed]());
if (atStart === 1) throw new Error('the start fails on purpose');
if (atStart === 2) process.exit(3);
if (atStart === 3) DEEDS.hang();
say({ kind: 'ready', runtime: { provider: 'cpu' } });
if (atStart === 4) setTimeout(() => DEEDS.throw(), 1);
