/** Every evaluation there is, in the order `npm run eval -- all` runs them. */
import { detection } from './detection.evaluation.js';
import type { Evaluation } from './evaluation.js';
import { lfw } from './lfw.evaluation.js';

export const EVALUATIONS: readonly Evaluation[] = [detection, lfw];
