/** What a family of a pack's `demographics` exports. One file for each; the list is in demographics.head.ts. */
import type { DemographicsModel } from '../packs/attribute-models.js';
import type { InputScaling } from '../packs/model-file.js';
import type { Signature } from '../sessions/signature.js';
import type { Tensor } from '../vision/tensor.js';
import type { Age } from './age.js';
import type { FaceView } from './face-view.js';
import type { Labelled } from './labels.js';

/** What such a model can tell. */
export type DemographicName = 'gender' | 'age' | 'race';

/** The answers. */
export interface Demographics {
  readonly gender: Labelled<'Female' | 'Male'>;
  readonly age: Age;
  /** Missing where the family cannot tell. */
  readonly race?: Labelled<string>;
}

/** The functions a file of a family exports. */
export interface DemographicFamily {
  /** What the graph takes and gives; `postprocess` takes the outputs in this order. */
  readonly SIGNATURE: Signature;
  /** Shape of one input. */
  readonly SHAPE: readonly number[];
  /** What it can tell. */
  readonly ANSWERS: readonly DemographicName[];
  /** Writes one face into a batch. */
  preprocess(face: FaceView, batch: Tensor, offset: number, scaling?: InputScaling): void;
  postprocess(outputs: readonly Float32Array[], facts: DemographicsModel): Demographics;
}
