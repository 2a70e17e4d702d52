/** Tables and plots of the simulation. */
import { plotCurves } from '../tools/plot.js';
import type { Table } from '../tools/table.js';
import type { Plot, Report } from './benchmark.js';
import { concurrencyAxis } from './concurrency-axis.js';
import { figure, roundUp } from './figure.js';
import type { AutoscalerCell, ScalingResult } from './scaling.js';

/** Turns the figures into a report. */
export function reportScaling(result: ScalingResult): Report {
  const { picture, size, demand, slowdown, capacityPerSecond, startMs } = result;
  return {
    tables: [check(result), policies(result), replicas(result), autoscalers(result)],
    plots: [checkPlot(result), replicasPlot(result), autoscalerPlot(result)],
    notes: [
      `A replica has ${size.cores} cores, ${size.workers} workers and a queue of ${size.queue}; the picture is ${picture}. A single request takes ${figure(demand.mainMs)} ms on the main thread, ${figure(demand.decodeMs)} ms of decoding, ${figure(demand.workMs)} ms in a worker and ${figure(demand.callerMs)} ms in its caller. With all cores busy, everything takes ${figure(slowdown)} times as long (fitted to the measurement with ${size.workers} requests at a time). Requests in a batch of a worker (up to ${size.together?.max ?? 1}) take ${figure(size.together?.share ?? 1)} of their time (fitted to the measured peak). All other figures of the check are predicted. Without callers on the same machine, a replica serves ${figure(capacityPerSecond)} requests per second.`,
      `The autoscalers start with 2 replicas at half of their capacity. After a minute, the load is five times as high for four minutes, then as before. They decide every 15 seconds, as Kubernetes does; a new replica serves ${figure(startMs / 1000)} s after the decision. On a crowded node, neighbours leave 60 % of the cores that a pod requested, and the load is 60 % as well.`,
    ],
  };
}

function check({ check: rows }: ScalingResult): Table {
  const error = (simulated: number, measured: number): string =>
    `${(100 * (simulated / measured - 1)).toFixed(0)} %`;
  return {
    title: 'Simulated against measured, one machine',
    head: [
      'at a time',
      'requests/s',
      'simulated',
      'error',
      'p50 ms',
      'simulated',
      'error',
      'p99 ms',
      'simulated',
      'error',
    ],
    rows: rows.map(({ concurrency, measured, simulated }) => [
      String(concurrency),
      ...(['requestsPerSecond', 'p50Ms', 'p99Ms'] as const).flatMap((name) => [
        figure(measured[name]),
        figure(simulated[name]),
        error(simulated[name], measured[name]),
      ]),
    ]),
  };
}

function policies({ policies: rows }: ScalingResult): Table {
  return {
    title: 'Eight replicas behind a load balancer',
    head: ['policy', 'load ÷ capacity', 'p50 ms', 'p99 ms', 'refused'],
    rows: rows.map(({ policy, share, p50Ms, p99Ms, refused }) => [
      policy,
      String(share),
      figure(p50Ms),
      figure(p99Ms),
      percent(refused),
    ]),
  };
}

function replicas({ replicas: rows, capacityPerSecond }: ScalingResult): Table {
  return {
    title: 'Replicas that a load needs (balancer: fewest ongoing requests)',
    head: ['requests/s', 'in full replicas', ...rows[0].byTarget.map(({ p99Ms }) => `p99 ≤ ${p99Ms} ms`)],
    rows: rows.map(({ perSecond, byTarget }) => [
      figure(perSecond),
      figure(perSecond / capacityPerSecond),
      ...byTarget.map((one) => (one.replicas === null ? 'no number suffices' : String(one.replicas))),
    ]),
  };
}

function autoscalers({ autoscalers: cells }: ScalingResult): Table {
  return {
    title: 'Autoscalers at five times the load',
    head: ['signal', 'node', 'refused', 'p99 ms', 'maximum replicas', 'replica minutes'],
    rows: cells.map((cell) => [
      nameOf(cell),
      node(cell),
      percent(cell.refused),
      figure(cell.p99Ms),
      String(cell.highest),
      figure(cell.replicaMinutes),
    ]),
  };
}

function nameOf({ signal, target }: AutoscalerCell): string {
  switch (signal) {
    case 'cpu':
      return `CPU, ${100 * target} %`;
    case 'ongoing':
      return `ongoing requests, ${target} per replica`;
    case 'queueMs':
      return `queue time, ${target} ms`;
  }
}

function node({ granted }: AutoscalerCell): string {
  return granted === 1 ? 'idle' : 'crowded';
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function checkPlot({ check: rows }: ScalingResult): Plot {
  const points = (side: 'measured' | 'simulated') =>
    rows.map((row) => [row.concurrency, row[side].p99Ms] as const);
  const svg = plotCurves(
    'p99 latency, measured and simulated',
    concurrencyAxis(rows.map(({ concurrency }) => concurrency)),
    { label: 'ms', from: 10, to: 10_000, logarithmic: true },
    [
      { label: 'measured', points: points('measured'), style: 'dots' },
      { label: 'simulated', points: points('simulated') },
    ],
  );
  return { name: 'simulation-check', title: 'The simulation against the measurements', svg };
}

function replicasPlot({ replicas: rows }: ScalingResult): Plot {
  const maxReplicas = Math.max(...rows.flatMap(({ byTarget }) => byTarget.map((one) => one.replicas ?? 0)));
  const svg = plotCurves(
    'Replicas that a load needs',
    { label: 'requests per second', from: 0, to: roundUp(rows[rows.length - 1].perSecond) },
    { label: 'replicas', from: 0, to: roundUp(maxReplicas) },
    rows[0].byTarget.map(({ p99Ms }, index) => ({
      label: `p99 ≤ ${p99Ms} ms`,
      points: rows.flatMap(({ perSecond, byTarget }) => {
        const { replicas: needed } = byTarget[index];
        return needed === null ? [] : [[perSecond, needed] as const];
      }),
    })),
  );
  return { name: 'replicas', title: 'Replicas by load and target', svg };
}

/** The curves for CPU, and for ongoing requests at one per worker. */
function autoscalerPlot({ autoscalers: cells, size }: ScalingResult): Plot {
  const shown = cells.filter(
    ({ signal, target }) => signal === 'cpu' || (signal === 'ongoing' && target === size.workers),
  );
  const svg = plotCurves(
    'Replicas at five times the load (60 to 300 s)',
    { label: 'seconds', from: 0, to: 480, ticks: [0, 60, 120, 180, 240, 300, 360, 420, 480] },
    { label: 'replicas', from: 0, to: 20 },
    shown.map((cell, index) => ({
      label: `${nameOf(cell)}, ${node(cell)} node`,
      points: cell.curve,
      style: index % 2 === 0 ? 'dashes' : 'line',
    })),
    'top',
  );
  return { name: 'autoscaler', title: 'Behaviour of an autoscaler by the signal it watches', svg };
}
