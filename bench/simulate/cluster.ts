/** Simulates replicas behind a load balancer, with requests at random times (Poisson). */
import { quantile } from '../statistics.js';
import { Clock } from './clock.js';
import { exponential, type Random, seededRandom } from './random.js';
import { type Demand, Replica, type ReplicaSize } from './replica.js';

/** How a load balancer chooses a replica. `least`: the one with the fewest ongoing requests. */
export const POLICIES = ['random', 'round-robin', 'least'] as const;
export type Policy = (typeof POLICIES)[number];

/** What callers see. */
export interface ClusterFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of the requests. */
  readonly refused: number;
}

export interface ClusterLoad {
  readonly replicas: number;
  readonly size: ReplicaSize;
  readonly demands: readonly Demand[];
  readonly perSecond: number;
  readonly policy: Policy;
  readonly seconds?: number;
}

/** Simulates a steady load. The first tenth of the time is not counted. */
export function simulateCluster(load: ClusterLoad): ClusterFigures {
  const { replicas: count, size, demands, perSecond, policy, seconds = 60 } = load;
  const clock = new Clock();
  const random = seededRandom(1);
  const replicas = Array.from({ length: count }, () => new Replica(clock, size));
  const choose = balancer(policy, random);
  const end = seconds * 1000;
  const times: number[] = [];
  let refused = 0;
  const arrive = (): void => {
    clock.after(exponential(random, 1000 / perSecond), arrive);
    const sent = clock.now;
    choose(replicas).handle(demands[Math.floor(random() * demands.length)], (accepted) => {
      if (sent < end / 10) return;
      if (accepted) times.push(clock.now - sent);
      else refused++;
    });
  };
  clock.after(exponential(random, 1000 / perSecond), arrive);
  clock.run(end);
  return {
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    refused: refused / Math.max(1, refused + times.length),
  };
}

/** A function that chooses among the current replicas. */
export function balancer(policy: Policy, random: Random): (replicas: readonly Replica[]) => Replica {
  let turn = 0;
  return (replicas) => {
    switch (policy) {
      case 'random':
        return replicas[Math.floor(random() * replicas.length)];
      case 'round-robin':
        return replicas[turn++ % replicas.length];
      case 'least':
        return replicas.reduce((best, one) => (one.ongoing < best.ongoing ? one : best));
    }
  };
}

/** The minimum number of replicas that meets the target for the 99th percentile and refuses at most one request in a thousand. */
export function replicasFor(
  load: Omit<ClusterLoad, 'replicas'>,
  p99Ms: number,
  maxReplicas = 100,
): number | undefined {
  const { cores } = load.size;
  const cpuMs = load.demands.reduce(
    (total, { mainMs, decodeMs, workMs }) => total + mainMs + decodeMs + workMs,
    0,
  );
  const minReplicas = Math.ceil((load.perSecond * cpuMs) / load.demands.length / 1000 / cores);
  for (let replicas = Math.max(1, minReplicas); replicas <= maxReplicas; replicas++) {
    const figures = simulateCluster({ ...load, replicas });
    if (figures.p99Ms <= p99Ms && figures.refused <= 0.001) return replicas;
    // More replicas do not make a single request faster.
    if (replicas > 3 * minReplicas + 3) return undefined;
  }
  return undefined;
}
