/** Calibration of probabilities: reliability, and the logistic curve from scores to probabilities. */
import type { Scored } from './metrics.js';

/** Items whose probability lies in one range. */
export interface ReliabilityBin {
  /** Mean predicted probability. */
  readonly predicted: number;
  /** Share of positives. */
  readonly observed: number;
  readonly count: number;
}

/** The items by predicted probability, in `bins` ranges of equal width; empty ranges are left out. */
export function reliability(items: readonly Scored[], bins = 10): ReliabilityBin[] {
  const groups = Array.from({ length: bins }, (): Scored[] => []);
  for (const item of items) groups[Math.min(bins - 1, Math.max(0, Math.floor(item.score * bins)))].push(item);
  return groups
    .filter((group) => group.length > 0)
    .map((group) => ({
      predicted: group.reduce((sum, { score }) => sum + score, 0) / group.length,
      observed: group.filter(({ positive }) => positive).length / group.length,
      count: group.length,
    }));
}

/** Expected calibration error: the mean distance between predicted and observed, weighted by count. */
export function calibrationError(items: readonly Scored[], bins = 10): number {
  return reliability(items, bins).reduce(
    (sum, { predicted, observed, count }) => sum + (Math.abs(predicted - observed) * count) / items.length,
    0,
  );
}

/** p = 1 / (1 + exp(−steepness · (score − threshold))). */
export interface LogisticCurve {
  readonly threshold: number;
  readonly steepness: number;
}

const STEPS = 100;

/** The logistic curve of maximum likelihood over the items (Newton's method on standardised scores). */
export function fitLogistic(items: readonly Scored[]): LogisticCurve {
  const centre = items.reduce((sum, { score }) => sum + score, 0) / items.length;
  const spread = Math.sqrt(items.reduce((sum, { score }) => sum + (score - centre) ** 2, 0) / items.length);
  let [slope, offset] = [1, 0];
  for (let step = 0; step < STEPS; step++) {
    // Gradient (g) and Hessian (h) of the log-likelihood; the small ridge keeps separable data finite.
    let [g0, g1, h00, h01, h11] = [0, -1e-6 * slope, 1e-9, 0, 1e-6];
    for (const { score, positive } of items) {
      const x = (score - centre) / spread;
      const p = 1 / (1 + Math.exp(-(slope * x + offset)));
      const error = (positive ? 1 : 0) - p;
      const weight = p * (1 - p);
      g0 += error;
      g1 += error * x;
      h00 += weight;
      h01 += weight * x;
      h11 += weight * x * x;
    }
    const determinant = h00 * h11 - h01 * h01;
    if (determinant < 1e-12) break;
    const limit = (value: number): number => Math.max(-1, Math.min(1, value));
    const [stepOffset, stepSlope] = [
      (h11 * g0 - h01 * g1) / determinant,
      (h00 * g1 - h01 * g0) / determinant,
    ];
    offset += limit(stepOffset);
    slope += limit(stepSlope);
    if (Math.abs(stepOffset) + Math.abs(stepSlope) < 1e-9) break;
  }
  return { threshold: centre - (offset * spread) / slope, steepness: slope / spread };
}
