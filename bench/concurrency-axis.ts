/** The axis of all plots over concurrency. */
import type { Axis } from '../tools/plot.js';

/** A logarithmic axis with a tick at each concurrency. */
export function concurrencyAxis(concurrencies: readonly number[]): Axis {
  const [from, to] = [Math.min(...concurrencies), Math.max(...concurrencies)];
  return { label: 'requests at a time', from, to, logarithmic: true, ticks: concurrencies };
}
