/** The families of models that tell gender, age and race. One file each. */
import type { DemographicsModel } from '../packs/attribute-models.js';
import type { Demographics } from './demographics.js';
import type { FaceFamily } from './face-network.js';
import * as fairface from './fairface.js';
import * as genderage from './genderage.js';
import * as mobilefacenet from './mobilefacenet.js';

/** What the file of a family exports. */
export type DemographicsFamily = FaceFamily<DemographicsModel, Demographics>;

/** The families by their name in pack.json. */
export const DEMOGRAPHICS_FAMILIES: Readonly<Record<DemographicsModel['family'], DemographicsFamily>> = {
  genderage,
  fairface,
  mobilefacenet,
};
