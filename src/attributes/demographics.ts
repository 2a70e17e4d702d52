/** Gender, age and race, as a model of their own tells them. */
import type { Age } from './age.js';
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
