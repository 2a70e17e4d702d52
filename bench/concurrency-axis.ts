/** The axis that plots over concurrency share. */
import type { Axis } from '../tools/plot.js';

/** Each step is twice the last. */
export function concurrencyAxis(concurrencies: readonly number[]): Axis {
  const [from, to] = [Math.min(...concurrencies), Math.max(...concurrencies)];
  return { label: 'requests at a time', from, to, logarithmic: true, ticks: concurrencies };
}
