/** The simulation agrees with exact results of queueing theory. */
import { simulateAutoscaler, type Scenario } from '../../bench/simulate/autoscaler.js';
import { simulateClosedLoop } from '../../bench/simulate/closed-loop.js';
import { replicasFor, simulateCluster } from '../../bench/simulate/cluster.js';
import { exponential, seededRandom } from '../../bench/simulate/random.js';
import type { Demand } from '../../bench/simulate/replica.js';

const work = (workMs: number): Demand => ({ mainMs: 0, decodeMs: 0, waitMs: 0, callerMs: 0, workMs });
const random = seededRandom(3);
/** Exponential service times, 10 ms on average. */
const memoryless = Array.from({ length: 20_000 }, () => work(exponential(random, 10)));
/** A replica with more cores than workers, and a queue that never fills. */
const size = { cores: 8, workers: 1, queue: 1e6 };

describe('a closed loop', () => {
  it('gives one caller the service time', () => {
    const { requestsPerSecond, p50Ms, p99Ms } = simulateClosedLoop(size, [work(10)], 1, 10);
    expect(requestsPerSecond).toBeCloseTo(100, 0);
    expect(p50Ms).toBeCloseTo(10, 6);
    expect(p99Ms).toBeCloseTo(10, 6);
  });

  it("lets callers wait in line for the workers (Little's law)", () => {
    const { requestsPerSecond, p50Ms } = simulateClosedLoop({ ...size, workers: 2 }, [work(10)], 8, 10);
    expect(requestsPerSecond).toBeCloseTo(200, 0);
    expect(p50Ms).toBeCloseTo(40, 6);
  });

  it('takes waiting requests together, if that saves time', () => {
    const together = { max: 2, share: 0.75 };
    // No request waits for others: the first is served alone, and so is each that finds the worker idle.
    expect(simulateClosedLoop({ ...size, together }, [work(10)], 1, 10).p50Ms).toBeCloseTo(10, 6);
    const { requestsPerSecond, p50Ms } = simulateClosedLoop({ ...size, together }, [work(10)], 8, 10);
    expect(requestsPerSecond).toBeCloseTo(100 / 0.75, 0);
    expect(p50Ms).toBeCloseTo(60, 6);
  });

  it('shares a core among workers', () => {
    const { requestsPerSecond, p50Ms } = simulateClosedLoop(
      { ...size, cores: 1, workers: 2 },
      [work(10)],
      2,
      10,
    );
    expect(requestsPerSecond).toBeCloseTo(100, 0);
    expect(p50Ms).toBeCloseTo(20, 6);
  });

  it('works on stages of different requests at the same time', () => {
    const demand: Demand = { mainMs: 2, decodeMs: 8, workMs: 10, waitMs: 5, callerMs: 1 };
    expect(simulateClosedLoop(size, [demand], 1, 10).p50Ms).toBeCloseTo(26, 6);
    expect(simulateClosedLoop(size, [demand], 16, 30).requestsPerSecond).toBeCloseTo(100, 0);
  });
});

describe('random arrivals', () => {
  it('wait as long as in an M/M/1 queue', () => {
    const load = {
      replicas: 1,
      size,
      demands: memoryless,
      perSecond: 60,
      policy: 'random',
      seconds: 1500,
    } as const;
    const { p50Ms, p99Ms } = simulateCluster(load);
    // Time in the system is exponential with rate μ − λ.
    const meanMs = 1000 / (100 - 60);
    expect(p50Ms / (Math.log(2) * meanMs)).toBeCloseTo(1, 1);
    expect(p99Ms / (Math.log(100) * meanMs)).toBeCloseTo(1, 1);
  });

  it('are refused as often as Erlang’s loss formula says', () => {
    const lossy = { ...size, workers: 2, queue: 0 };
    const load = {
      replicas: 1,
      size: lossy,
      demands: memoryless,
      perSecond: 200,
      policy: 'random',
      seconds: 400,
    } as const;
    // Two servers at an offered load of two: (2² / 2) / (1 + 2 + 2² / 2).
    expect(simulateCluster(load).refused).toBeCloseTo(0.4, 2);
  });

  it('come out the same in every run', () => {
    const load = {
      replicas: 3,
      size,
      demands: memoryless,
      perSecond: 200,
      policy: 'least',
      seconds: 5,
    } as const;
    expect(simulateCluster(load)).toEqual(simulateCluster(load));
  });

  it('wait least if the balancer sends them to the least busy replica', () => {
    const p99 = (policy: 'least' | 'round-robin' | 'random'): number =>
      simulateCluster({ replicas: 8, size, demands: memoryless, perSecond: 600, policy, seconds: 30 }).p99Ms;
    expect(p99('least')).toBeLessThan(p99('round-robin'));
    expect(p99('round-robin')).toBeLessThan(p99('random'));
  });

  it('need more replicas for a shorter wait, but no number reduces the service time', () => {
    const load = { size, demands: memoryless, perSecond: 300, policy: 'least', seconds: 30 } as const;
    const [strict, relaxed] = [replicasFor(load, 60), replicasFor(load, 300)];
    expect(strict).toBeGreaterThan(relaxed ?? Infinity);
    expect(relaxed).toBeGreaterThanOrEqual(3);
    expect(replicasFor(load, 5)).toBeUndefined();
  });
});

describe('an autoscaler', () => {
  const scenario: Omit<Scenario, 'signal' | 'target'> = {
    size: { cores: 1.2, workers: 2, queue: 64 },
    requestedCores: 2,
    demands: [work(20)],
    min: 2,
    max: 20,
    startMs: 5000,
    seconds: 300,
    load: (at) => (at < 60_000 ? 40 : 300),
  };

  it('that watches the CPU does not grow on a node that lacks it', () => {
    const { highest, refused } = simulateAutoscaler({ ...scenario, signal: 'cpu', target: 0.7 });
    expect(highest).toBe(2);
    expect(refused).toBeGreaterThan(0.3);
  });

  it('that watches ongoing requests does', () => {
    const { highest, refused } = simulateAutoscaler({ ...scenario, signal: 'ongoing', target: 2 });
    expect(highest).toBeGreaterThan(5);
    expect(refused).toBeLessThan(0.15);
  });
});
