/** Greedy non-maximum suppression, with a second rule for boxes that lie inside one another. */
import { area, type Box, intersection } from './box.js';

/** A box with the score that ranks it, 0…1. */
export interface ScoredBox {
  readonly box: Box;
  readonly score: number;
}

/** When two boxes count as the same object. */
export interface SuppressionLimits {
  /** Intersection over union above which the weaker box is dropped, 0…1. */
  readonly iou: number;
  /**
   * Intersection over the smaller box above which the weaker box is dropped, 0…1. Detectors often find a small face
   * inside a large one, which IoU alone never removes. 1 or more switches this rule off.
   */
  readonly containment: number;
}

/**
 * The boxes that survive, best score first.
 * @param max the most boxes to keep; it bounds the time, which grows with the boxes given times those kept
 */
export function suppress<T extends ScoredBox>(
  candidates: readonly T[],
  limits: SuppressionLimits,
  max = Infinity,
): T[] {
  const kept: T[] = [];
  for (const candidate of [...candidates].sort((a, b) => b.score - a.score)) {
    if (kept.length >= max) break;
    if (!kept.some((better) => isSame(better.box, candidate.box, limits))) kept.push(candidate);
  }
  return kept;
}

function isSame(a: Box, b: Box, limits: SuppressionLimits): boolean {
  const shared = intersection(a, b);
  if (shared === 0) return false;
  const [areaA, areaB] = [area(a), area(b)];
  return (
    shared > limits.iou * (areaA + areaB - shared) || shared > limits.containment * Math.min(areaA, areaB)
  );
}
