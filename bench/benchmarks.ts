/** All benchmarks, in the order in which they run: `scaling` needs the figures of `speed` and `growth`. */
import type { Benchmark } from './benchmark.js';
import { GROWTH } from './growth.js';
import { MEMORY } from './memory.js';
import { OVERLOAD } from './overload.js';
import { PEERS } from './peers.js';
import { runScaling, type ScalingResult } from './scaling.js';
import { reportScaling } from './scaling-report.js';
import { runSpeed, type SpeedResult } from './speed.js';
import { reportSpeed } from './speed-report.js';

const SPEED: Benchmark<SpeedResult> = {
  name: 'speed',
  title: 'Throughput and latency against the limit',
  run: runSpeed,
  report: reportSpeed,
};
const SCALING: Benchmark<ScalingResult> = {
  name: 'scaling',
  title: 'Beyond one machine',
  run: (context) => Promise.resolve(runScaling(context)),
  report: reportScaling,
};

export const BENCHMARKS: readonly Benchmark[] = [
  plain(SPEED),
  plain(PEERS),
  plain(GROWTH),
  plain(OVERLOAD),
  plain(MEMORY),
  plain(SCALING),
];

/** Erases the type of a result for the list. A benchmark only ever reports its own results. */
function plain<R>({ name, title, run, report }: Benchmark<R>): Benchmark {
  return { name, title, run, report: (result) => report(result as R) };
}
