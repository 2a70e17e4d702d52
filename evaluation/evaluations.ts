/** All evaluations, in the order in which `npm run eval -- all` runs them. */
import { attributes } from './attributes.evaluation.js';
import { detection } from './detection.evaluation.js';
import type { Evaluation } from './evaluation.js';
import { large } from './large.evaluation.js';
import { lfw } from './lfw.evaluation.js';
import { liveness } from './liveness.evaluation.js';
import { mask } from './mask.evaluation.js';
import { pose } from './pose.evaluation.js';
import { quality } from './quality.evaluation.js';
import { turnedFaces } from './turned.evaluation.js';

export const EVALUATIONS: readonly Evaluation[] = [
  detection,
  large,
  lfw,
  quality,
  attributes,
  mask,
  pose,
  turnedFaces,
  liveness,
];
