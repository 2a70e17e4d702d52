/**
 * Benchmark of scaling beyond one machine. A simulation uses the service times that `speed` measured and is checked against its
 * curve. It then tells how many replicas a load needs and which signal an autoscaler should watch.
 */
import { Config } from '../src/config/config.js';
import type { BenchmarkContext } from './benchmark.js';
import type { GrowthResult } from './growth.js';
import {
  simulateAutoscaler,
  type Scenario,
  type ScenarioFigures,
  type Signal,
} from './simulate/autoscaler.js';
import { type ClosedLoopFigures, simulateClosedLoop } from './simulate/closed-loop.js';
import {
  type ClusterFigures,
  POLICIES,
  type Policy,
  replicasFor,
  simulateCluster,
} from './simulate/cluster.js';
import { demandsOf, slowed } from './simulate/demands.js';
import type { Demand, ReplicaSize } from './simulate/replica.js';
import type { SpeedResult } from './speed.js';

const { inferenceMaxQueue: QUEUE, inferenceMaxBatch: BATCH } = new Config();
const P99_TARGETS_MS = [250, 500, 1000] as const;
const LOADS_IN_MACHINES = [0.5, 1, 2, 4, 8];
/** Time until a pod gets requests, besides the start of the process: scheduling and readiness checks. */
const SCHEDULING_MS = 5000;

/** One autoscaler on one kind of node. */
export interface AutoscalerCell extends ScenarioFigures {
  readonly signal: Signal;
  readonly target: number;
  /** Share of the requested cores that the node can give. */
  readonly granted: number;
}

/** The figures. */
export interface ScalingResult {
  readonly picture: string;
  readonly size: ReplicaSize;
  /** Mean milliseconds of each part of a single request. */
  readonly demand: Demand;
  /** How much slower everything is when all cores are busy. Fitted to the measurement with one caller per worker. */
  readonly slowdown: number;
  readonly check: readonly {
    readonly concurrency: number;
    readonly measured: ClosedLoopFigures;
    readonly simulated: ClosedLoopFigures;
  }[];
  /** Requests per second of one replica whose callers run elsewhere. */
  readonly capacityPerSecond: number;
  readonly policies: readonly ({ readonly policy: Policy; readonly share: number } & ClusterFigures)[];
  /** Replicas by load and target; null: no number of replicas suffices. */
  readonly replicas: readonly {
    readonly perSecond: number;
    readonly byTarget: readonly { readonly p99Ms: number; readonly replicas: number | null }[];
  }[];
  readonly startMs: number;
  readonly autoscalers: readonly AutoscalerCell[];
}

/** Runs all simulations. They need the figures of `speed`. */
export function runScaling({ pictures: [{ name: picture }], earlier, say }: BenchmarkContext): ScalingResult {
  const speed = earlier['speed'] as SpeedResult | undefined;
  const growth = earlier['growth'] as GrowthResult | undefined;
  if (speed === undefined)
    throw new Error(
      'The simulation needs the figures of `speed`: run it first, or pass its figures with --from.',
    );
  const single = { cores: speed.cores, workers: speed.cores, queue: QUEUE };
  const alone = demandsOf(speed, picture);
  const measured = speed.cells.filter((cell) => cell.picture === picture && cell.encoding === 'raw');
  say('fitting to the measured curve');
  const slowdown = fitSlowdown(single, alone, measured);
  const local = slowed(alone, slowdown);
  const size = { ...single, together: { max: BATCH, share: fitShare(single, local, measured) } };
  const check = measured.map((cell) => ({
    concurrency: cell.concurrency,
    measured: { requestsPerSecond: cell.requestsPerSecond, p50Ms: cell.p50Ms, p99Ms: cell.p99Ms },
    // A single request has the other cores to itself.
    simulated: simulateClosedLoop(size, cell.concurrency === 1 ? alone : local, cell.concurrency),
  }));
  const remote = local.map((demand) => ({ ...demand, callerMs: 0 }));
  const capacityPerSecond = simulateClosedLoop(size, remote, 32).requestsPerSecond;
  say('load balancers');
  const policies = POLICIES.flatMap((policy) =>
    [0.6, 0.8, 0.9].map((share) => ({
      policy,
      share,
      ...simulateCluster({
        replicas: 8,
        size,
        demands: remote,
        perSecond: 8 * share * capacityPerSecond,
        policy,
      }),
    })),
  );
  const replicas = LOADS_IN_MACHINES.map((machines) => {
    const perSecond = machines * capacityPerSecond;
    say(`replicas for ${perSecond.toFixed(0)} requests per second`);
    const load = { size, demands: remote, perSecond, policy: 'least', seconds: 30 } as const;
    return {
      perSecond,
      byTarget: P99_TARGETS_MS.map((p99Ms) => ({ p99Ms, replicas: replicasFor(load, p99Ms) ?? null })),
    };
  });
  const startMs = SCHEDULING_MS + (growth?.startMs[1] ?? 0);
  return {
    picture,
    size,
    demand: meanDemand(alone),
    slowdown,
    check,
    capacityPerSecond,
    policies,
    replicas,
    startMs,
    autoscalers: autoscalers(size, remote, capacityPerSecond, startMs, say),
  };
}

/** The factor that fits the simulation to the measurement with one caller per worker, when no request waits for another. */
function fitSlowdown(size: ReplicaSize, alone: readonly Demand[], measured: SpeedResult['cells']): number {
  const busy = measured.find(({ concurrency }) => concurrency === size.workers);
  if (busy === undefined)
    throw new Error(`The figures of \`speed\` lack ${size.workers} requests at a time.`);
  const { requestsPerSecond } = simulateClosedLoop(size, alone, size.workers);
  return requestsPerSecond / busy.requestsPerSecond;
}

/** The share of their time that requests take in a batch. It fits the simulated peak to the measured one. */
function fitShare(size: ReplicaSize, demands: readonly Demand[], measured: SpeedResult['cells']): number {
  const peak = measured.reduce((best, cell) =>
    cell.requestsPerSecond > best.requestsPerSecond ? cell : best,
  );
  const apart = simulateClosedLoop(size, demands, peak.concurrency).requestsPerSecond;
  const savedMs = 1000 * size.cores * (1 / apart - 1 / peak.requestsPerSecond);
  return Math.min(1, 1 - savedMs / meanDemand(demands).workMs);
}

/** Simulates a load that rises to five times its level and falls back, for each signal, on idle and on crowded nodes. */
function autoscalers(
  size: ReplicaSize,
  demands: readonly Demand[],
  capacity: number,
  startMs: number,
  say: BenchmarkContext['say'],
): AutoscalerCell[] {
  const signals: readonly { signal: Signal; target: number }[] = [
    { signal: 'cpu', target: 0.7 },
    { signal: 'queueMs', target: 20 },
    { signal: 'ongoing', target: size.workers / 2 },
    { signal: 'ongoing', target: size.workers },
    { signal: 'ongoing', target: 2 * size.workers },
  ];
  // On a crowded node, neighbours leave 60 % of the cores that the pod requested.
  return [1, 0.6].flatMap((granted) =>
    signals.map(({ signal, target }) => {
      say(`autoscaler on ${signal} ${target}, ${100 * granted} % of the cores`);
      const scenario: Scenario = {
        signal,
        target,
        size: { ...size, cores: granted * size.cores },
        requestedCores: size.cores,
        demands,
        min: 2,
        max: 20,
        startMs,
        seconds: 480,
        load: (at) => capacity * (at > 60_000 && at < 300_000 ? 5 : 1) * granted,
      };
      return { signal, target, granted, ...simulateAutoscaler(scenario) };
    }),
  );
}

function meanDemand(demands: readonly Demand[]): Demand {
  const names = Object.keys(demands[0]) as (keyof Demand)[];
  return Object.fromEntries(
    names.map((name) => [name, demands.reduce((total, one) => total + one[name], 0) / demands.length]),
  ) as unknown as Demand;
}
