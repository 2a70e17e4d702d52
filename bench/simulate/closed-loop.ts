/** Simulates one machine under a fixed number of callers, like the load of the speed benchmark. */
import { quantile } from '../statistics.js';
import { Clock } from './clock.js';
import { type Demand, Replica, type ReplicaSize } from './replica.js';
import { seededRandom } from './random.js';

/** What the callers see. */
export interface ClosedLoopFigures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @param seconds simulated time, of which the first tenth is not counted */
export function simulateClosedLoop(
  size: ReplicaSize,
  demands: readonly Demand[],
  concurrency: number,
  seconds = 60,
): ClosedLoopFigures {
  const clock = new Clock();
  const random = seededRandom(concurrency);
  const replica = new Replica(clock, size);
  const end = seconds * 1000;
  const times: number[] = [];
  const call = (): void => {
    const sent = clock.now;
    const demand = demands[Math.floor(random() * demands.length)];
    replica.handle(demand, (accepted) => {
      if (accepted && clock.now > end / 10) times.push(clock.now - sent);
      call();
    });
  };
  for (let caller = 0; caller < concurrency; caller++) call();
  clock.run(end);
  return {
    requestsPerSecond: times.length / (seconds * 0.9),
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
  };
}
