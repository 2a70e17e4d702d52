/**
 * A second opinion on the detector's candidates. Its score alone lets some things through that are no faces and keeps
 * out some faces; what the recognition trunk sees in the aligned crop tells them apart better, and costs nothing where
 * the trunk runs anyway. Candidates the detector is sure of are not asked about.
 */
import type { Rescoring } from '../packs/detector-model.js';

/** Whether a candidate of this detector score needs a second opinion. */
export function isDoubtful(score: number, { certainScore }: Rescoring): boolean {
  return score < certainScore;
}

/**
 * The probability that a candidate is a face: a logistic regression on both opinions.
 * @param score the detector's, 0…1
 * @param faceProbability what the appearance head says, 0…1
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
