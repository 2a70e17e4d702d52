/**
 * Watches a service from a process of its own: asks `/-/livez` over a kept connection again and again, and reads its memory.
 * A process of its own, as the one that makes and sends the cases is too busy to take the time.
 */
import { Agent, get } from 'node:http';
import { family, residentMiB, waitedForProcessorMs } from './process-tree.js';

/** What was seen since the last message. */
export interface Seen {
  /** Slowest answer of `/-/livez`, one that is still awaited included, in milliseconds. */
  readonly worstMs: number;
  /** The same without the time in which service or watcher were ready to run and no processor was free. */
  readonly worstOwnMs: number;
  /** Highest resident memory of the service and its children, in MiB. */
  readonly peakMiB: number;
  readonly nowMiB: number;
  /** Whether an answer has been awaited for more than `FROZEN_MS`. */
  readonly frozen: boolean;
  readonly probes: number;
}

const INTERVAL_MS = 5;
const MEMORY_INTERVAL_MS = 50;
/** To find a process's children, all processes are looked at: seldom enough to leave the probe its time. */
const FAMILY_INTERVAL_MS = 500;
const FROZEN_MS = 1_000;

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

function note({ at, waited: before }: Asked): number {
  const ms = performance.now() - at;
  worstMs = Math.max(worstMs, ms);
  worstOwnMs = Math.max(worstOwnMs, ms - Math.max(0, waited() - before));
  return ms;
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
  const frozen = awaitedSince !== undefined && note(awaitedSince) > FROZEN_MS;
  const nowMiB = readMemory();
  process.send?.({ worstMs, worstOwnMs, peakMiB, nowMiB, frozen, probes } satisfies Seen);
  worstMs = worstOwnMs = peakMiB = probes = 0;
});
