/**
 * Preloaded into a measured process (`node --import`). It answers each message from the parent with the resources that the
 * process has used. The delay of the event loop cannot be measured from outside.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** The resources a process has used since it started. */
export interface Usage {
  /** CPU time of all threads, in milliseconds. */
  readonly cpuMs: number;
  /** Current and peak resident memory in MiB. */
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  /** Delay of the event loop since the previous answer, in milliseconds. */
  readonly eventLoop: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
}

const MIB = 2 ** 20;
const RESOLUTION_MS = 10;

// Worker threads are started with the same options, but only the main thread answers.
if (isMainThread && process.channel) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  // The histogram holds the time between two timers, including their regular interval.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = {
      cpuMs: (user + system) / 1000,
      rssMiB: process.memoryUsage.rss() / MIB,
      peakRssMiB: process.resourceUsage().maxRSS / 1024,
      eventLoop: {
        p50Ms: late(delays.percentile(50)),
        p99Ms: late(delays.percentile(99)),
        maxMs: late(delays.max),
      },
    };
    delays.reset();
    process.send?.(usage);
  });
  process.channel.unref();
}
