/** The costs of requests, taken from the figures of the speed benchmark. */
import type { SpeedResult } from '../speed.js';
import { median, sum } from '../statistics.js';
import type { Demand } from './replica.js';

/** The demands of a picture, one for each request that was measured singly. */
export function demandsOf({ single, cells }: SpeedResult, picture: string): Demand[] {
  const alone = cells.find(
    (cell) => cell.picture === picture && cell.encoding === 'raw' && cell.concurrency === 1,
  );
  const samples = single.find((one) => one.picture === picture)?.samples;
  if (alone === undefined || samples === undefined)
    throw new Error(`The figures of \`speed\` lack single requests of ${picture} as a raw body.`);
  const cpuMs = (cores: number): number => (1000 * cores) / alone.requestsPerSecond;
  const parts = samples.map(({ request, stages }) => ({
    request,
    decodeMs: stages['decode'] ?? 0,
    workMs: sum(['detect', 'recognise', 'attributes'].map((name) => stages[name] ?? 0)),
  }));
  const inStages = median(parts.map(({ decodeMs, workMs }) => decodeMs + workMs));
  const mainMs = Math.max(0, cpuMs(alone.serviceCores) - inStages);
  const callerMs = cpuMs(alone.clientCores);
  return parts.map(({ request, decodeMs, workMs }) => ({
    mainMs,
    callerMs,
    decodeMs,
    workMs,
    waitMs: Math.max(0, request - decodeMs - workMs - mainMs - callerMs),
  }));
}

/** The same demands, with everything but waiting taking `factor` times as long. */
export function slowed(demands: readonly Demand[], factor: number): Demand[] {
  return demands.map(({ mainMs, decodeMs, workMs, callerMs, waitMs }) => ({
    mainMs: mainMs * factor,
    decodeMs: decodeMs * factor,
    workMs: workMs * factor,
    callerMs: callerMs * factor,
    waitMs,
  }));
}
