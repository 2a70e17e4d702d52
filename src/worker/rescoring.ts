/**
 * Rescoring of the detector's candidates. The detector's score alone passes some candidates that are not faces and
 * rejects some faces. The recognition trunk's features of the aligned crop separate the two better, and cost nothing
 * where the trunk runs anyway. Candidates that the detector is certain of are not rescored.
 */
import type { Rescoring } from '../packs/detector-model.js';

/** Whether a candidate of this detector score is rescored. */
export function isDoubtful(score: number, { certainScore }: Rescoring): boolean {
  return score < certainScore;
}

/**
 * The probability that a candidate is a face: a logistic regression on both probabilities.
 * @param score of the detector, 0…1
 * @param faceProbability of the appearance head, 0…1
 */
export function rescoredConfidence(
  score: number,
  faceProbability: number,
  { scoreWeight, faceWeight, bias }: Rescoring,
): number {
  return 1 / (1 + Math.exp(-(scoreWeight * logit(score) + faceWeight * logit(faceProbability) + bias)));
}

/** Log odds, kept finite. */
function logit(probability: number): number {
  const inside = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(inside / (1 - inside));
}
