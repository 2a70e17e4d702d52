/** Every evaluation there is, in the order `npm run eval -- all` runs them. */
import { attributes } from './attributes.evaluation.js';
import type { Evaluation } from './evaluation.js';
import { lfw } from './lfw.evaluation.js';
import { mask } from './mask.evaluation.js';

export const EVALUATIONS: readonly Evaluation[] = [lfw, attributes, mask];
