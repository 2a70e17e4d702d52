/**
 * Calibration of liveness: Platt scaling that puts 0.5 where the two kinds of error are equal. Every set of its kind
 * counts the same, however many photos it has.
 */
import type { PlattScaling } from '../src/packs/liveness-model.js';
import { mean } from './metrics.js';

/** Scores of one set: log odds that a face is a living one, or probabilities. */
export interface ScoredSet {
  readonly isLive: boolean;
  readonly scores: readonly number[];
}

/** Shares of errors at a threshold, 0…1 (ISO/IEC 30107-3). */
export interface ErrorRates {
  /** Mean over the sets of attacks: share that is taken for living faces. */
  readonly apcer: number;
  /** Mean over the sets of living faces: share that is taken for attacks. */
  readonly bpcer: number;
}

const STEPS = 50;

/** The errors where a face with a score of at least `threshold` is taken for a living one. */
export function errorRates(sets: readonly ScoredSet[], threshold: number): ErrorRates {
  const accepted = (isLive: boolean): number =>
    mean(
      sets
        .filter((set) => set.isLive === isLive)
        .map(({ scores }) => scores.filter((score) => score >= threshold).length / scores.length),
    );
  return { apcer: accepted(false), bpcer: 1 - accepted(true) };
}

/** The threshold at which the two errors are closest to equal: the middle of the gap between two scores. */
export function equalErrorThreshold(sets: readonly ScoredSet[]): number {
  const sorted = [...new Set(sets.flatMap(({ scores }) => scores))].sort((a, b) => a - b);
  let [low, high] = [0, sorted.length - 1];
  // The share of attacks accepted falls with the threshold, that of living faces refused rises.
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const { apcer, bpcer } = errorRates(sets, sorted[middle]);
    if (apcer > bpcer) low = middle;
    else high = middle;
  }
  return (sorted[low] + sorted[high]) / 2;
}

/**
 * The calibration of log odds: its threshold is the one of equal errors, its scale that of the highest likelihood.
 * @param sets log odds of the uncalibrated model
 */
export function fitPlatt(sets: readonly ScoredSet[]): PlattScaling {
  const threshold = equalErrorThreshold(sets);
  const items = sets.flatMap(({ isLive, scores }) => {
    const weight = 1 / (scores.length * sets.filter((set) => set.isLive === isLive).length);
    return scores.map((score) => ({ x: score - threshold, label: isLive ? 1 : 0, weight }));
  });
  let scale = 0;
  // Newton's method; the likelihood is concave in the scale.
  for (let step = 0; step < STEPS; step++) {
    let [gradient, curvature] = [0, 0];
    for (const { x, label, weight } of items) {
      const p = 1 / (1 + Math.exp(-scale * x));
      gradient += weight * (label - p) * x;
      curvature += weight * p * (1 - p) * x * x;
    }
    scale += gradient / curvature;
    if (Math.abs(gradient / curvature) < 1e-9) break;
  }
  return { scale, bias: -scale * threshold };
}

/** The calibrated probability of uncalibrated log odds. */
export function calibrated(logOdds: number, { scale, bias }: PlattScaling): number {
  return 1 / (1 + Math.exp(-(scale * logOdds + bias)));
}

/** The log odds before calibration of a calibrated probability. */
export function uncalibrated(probability: number, { scale, bias }: PlattScaling): number {
  return (Math.log(probability) - Math.log1p(-probability) - bias) / scale;
}
