/** Every family a pack's detector can be of, by the name `pack.json` gives. A new one is one file and one word here. */
import type { DetectorModel } from '../packs/detector-model.js';
import type { DetectorFamily } from './detector-family.js';
import * as scrfd from './scrfd.js';
import * as ultraface from './ultraface.js';
import * as yunet from './yunet.js';

export const DETECTOR_FAMILIES = { ultraface, scrfd, yunet } satisfies Record<
  DetectorModel['family'],
  DetectorFamily
>;
