/** Simulates a horizontal pod autoscaler under changing load, for each signal that it may watch. */
import { quantile, sum } from '../statistics.js';
import { Clock } from './clock.js';
import { balancer } from './cluster.js';
import { exponential, seededRandom } from './random.js';
import { type Demand, Replica, type ReplicaSize } from './replica.js';

/** What an autoscaler may watch: share of the requested CPU, requests accepted but not answered, time in the queue. */
export type Signal = 'cpu' | 'ongoing' | 'queueMs';

export interface Scenario {
  readonly signal: Signal;
  /** The mean over all replicas that the autoscaler aims for: a share, requests or milliseconds. */
  readonly target: number;
  readonly size: ReplicaSize;
  /** Cores that a pod requests. Its CPU use is a share of them; a crowded node gives it fewer (`size.cores`). */
  readonly requestedCores: number;
  readonly demands: readonly Demand[];
  readonly min: number;
  readonly max: number;
  /** Time from the decision to the first request of a new replica. */
  readonly startMs: number;
  readonly seconds: number;
  /** Requests per second at a time in milliseconds. */
  readonly load: (at: number) => number;
}

export interface ScenarioFigures {
  readonly p99Ms: number;
  /** Share of the requests. */
  readonly refused: number;
  readonly replicaMinutes: number;
  readonly highest: number;
  /** Number of serving replicas over time. */
  readonly curve: readonly (readonly [second: number, replicas: number])[];
}

/** Kubernetes' defaults: it evaluates every 15 seconds, ignores deviations of 10 %, and at most doubles or adds four. */
const PERIOD_MS = 15_000;
const TOLERANCE = 0.1;
const STABLE_DOWN_MS = 120_000;
const SAMPLE_MS = 1000;
/** Samples of the gauge that are averaged. Over a longer time, a backlog from before the last scaling would count again. */
const GAUGE_SAMPLES = 5;

export function simulateAutoscaler(scenario: Scenario): ScenarioFigures {
  const { size, demands, seconds, load, startMs, min, max } = scenario;
  const clock = new Clock();
  const random = seededRandom(7);
  const choose = balancer('least', random);
  const serving: Replica[] = [];
  const start = (): void => void serving.push(new Replica(clock, size));
  for (let index = 0; index < min; index++) start();
  let wanted = min;
  const times: number[] = [];
  let refused = 0;

  const arrive = (): void => {
    clock.after(exponential(random, 1000 / load(clock.now)), arrive);
    const sent = clock.now;
    choose(serving).handle(demands[Math.floor(random() * demands.length)], (accepted) => {
      if (accepted) times.push(clock.now - sent);
      else refused++;
    });
  };
  arrive();

  const curve: [number, number][] = [];
  const ongoing: number[] = [];
  const sample = (): void => {
    clock.after(SAMPLE_MS, sample);
    curve.push([clock.now / 1000, serving.length]);
    ongoing.push(mean(serving.map((replica) => replica.ongoing)));
  };
  sample();

  let cpuBefore = new Map<Replica, number>();
  const recent: { at: number; desired: number }[] = [];
  const decide = (): void => {
    clock.after(PERIOD_MS, decide);
    const cpu = mean(serving.map((one) => one.cpuMs - (cpuBefore.get(one) ?? 0)));
    cpuBefore = new Map(serving.map((one) => [one, one.cpuMs]));
    const signals: Record<Signal, number> = {
      cpu: cpu / PERIOD_MS / scenario.requestedCores,
      ongoing: mean(ongoing.slice(-GAUGE_SAMPLES)),
      queueMs: mean(serving.map((one) => one.takeQueueMs())),
    };
    const ratio = signals[scenario.signal] / scenario.target;
    const proposed = Math.abs(ratio - 1) <= TOLERANCE ? wanted : Math.ceil(serving.length * ratio);
    recent.push({ at: clock.now, desired: Math.min(max, Math.max(min, proposed)) });
    const lately = recent.filter(({ at }) => at > clock.now - STABLE_DOWN_MS);
    const { desired } = recent[recent.length - 1];
    // Scale up at once, within the limits of the policy; scale down only to the highest number that was desired recently.
    const next =
      desired > wanted
        ? Math.min(desired, Math.max(2 * wanted, wanted + 4))
        : Math.min(wanted, Math.max(...lately.map((one) => one.desired)));
    for (let index = wanted; index < next; index++) clock.after(startMs, start);
    // A removed replica answers the requests it has accepted, and gets no more.
    if (next < serving.length) serving.splice(next);
    wanted = next;
  };
  clock.after(PERIOD_MS, decide);

  clock.run(seconds * 1000);
  const counts = curve.map(([, replicas]) => replicas);
  return {
    p99Ms: quantile(times, 0.99),
    refused: refused / Math.max(1, refused + times.length),
    replicaMinutes: (mean(counts) * seconds) / 60,
    highest: Math.max(...counts),
    curve,
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
