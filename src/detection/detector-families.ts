/** Every family a pack's detector can be of, by the name `pack.json` gives. A new one is one file and one word here. */
import type { DetectorFamily } from './detector-family.js';
import * as scrfd from './scrfd.js';
import * as ultraface from './ultraface.js';

export const DETECTOR_FAMILIES = { ultraface, scrfd } satisfies Record<string, DetectorFamily>;
