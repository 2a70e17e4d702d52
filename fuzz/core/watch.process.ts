/**
 * Watches a service: polls `/-/livez` over a keep-alive connection and reads its memory. It runs in a separate process, because
 * the one that generates and sends the cases is too busy to measure times.
 */
import { Agent, get } from 'node:http';
import { family, residentMiB, waitedForProcessorMs } from './process-tree.js';

/** What was seen since the last message. */
export interface Seen {
  /** Slowest answer of `/-/livez` in milliseconds, including one that is still pending. */
  readonly worstMs: number;
  /** The same without the time during which the service or the watcher waited for a CPU. */
  readonly worstOwnMs: number;
  /** Peak resident memory of the service and its children in MiB. */
  readonly peakMiB: number;
  readonly nowMiB: number;
  readonly probes: number;
}

const INTERVAL_MS = 5;
const MEMORY_INTERVAL_MS = 50;
/** Finding the children of a process means reading all processes, so it is done rarely enough not to delay the probe. */
const FAMILY_INTERVAL_MS = 500;

const [url, pidText] = process.argv.slice(2);
const pid = Number(pidText);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

let worstMs = 0;
let worstOwnMs = 0;
let peakMiB = 0;
let probes = 0;
let awaitedSince: Asked | undefined;

interface Asked {
  readonly at: number;
  readonly waited: number;
}

const waited = (): number => (waitedForProcessorMs(pid) ?? 0) + (waitedForProcessorMs(process.pid) ?? 0);

function note({ at, waited: before }: Asked): void {
  const ms = performance.now() - at;
  worstMs = Math.max(worstMs, ms);
  worstOwnMs = Math.max(worstOwnMs, ms - Math.max(0, waited() - before));
}

function ask(): void {
  const asked = { at: performance.now(), waited: waited() };
  awaitedSince = asked;
  const over = (): void => {
    if (awaitedSince !== asked) return;
    note(asked);
    awaitedSince = undefined;
    probes++;
    setTimeout(ask, INTERVAL_MS);
  };
  get(`${url}/-/livez`, { agent }, (response) => response.on('end', over).on('error', over).resume()).on(
    'error',
    over,
  );
}

let processes = family(pid);
const readMemory = (): number => {
  const now = residentMiB(processes);
  peakMiB = Math.max(peakMiB, now);
  return now;
};

ask();
setInterval(() => (processes = family(pid)), FAMILY_INTERVAL_MS);
setInterval(readMemory, MEMORY_INTERVAL_MS);
process.on('disconnect', () => process.exit());
process.on('message', () => {
  if (awaitedSince !== undefined) note(awaitedSince);
  const nowMiB = readMemory();
  process.send?.({ worstMs, worstOwnMs, peakMiB, nowMiB, probes } satisfies Seen);
  worstMs = worstOwnMs = peakMiB = probes = 0;
});
