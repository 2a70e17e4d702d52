/** The optional outputs of a face, and the work that each of them needs. */
import type { AttributeName } from '../attributes/attributes.service.js';
import type { AnalysisOptions } from '../worker/protocol.js';

/** The names that callers may list in `fields`. `bounding_box` and `confidence` are always returned. */
export const FACE_FIELDS = [
  'landmarks',
  'feature',
  'roll',
  'yaw',
  'pitch',
  'quality',
  'mask_confidence',
  'liveness_confidence',
  'gender',
  'age_bracket',
  'race',
  'age',
  'gender_confidence',
  'age_bracket_confidence',
  'race_confidence',
] as const;

export type FaceField = (typeof FACE_FIELDS)[number];

/** The attribute behind each field; `landmarks` and `feature` are not attributes. */
const ATTRIBUTES: Partial<Record<FaceField, AttributeName>> = {
  roll: 'pose',
  yaw: 'pose',
  pitch: 'pose',
  quality: 'quality',
  mask_confidence: 'mask',
  liveness_confidence: 'liveness',
  gender: 'gender',
  age_bracket: 'age',
  race: 'race',
  age: 'age',
  gender_confidence: 'gender',
  age_bracket_confidence: 'age',
  race_confidence: 'race',
};

/** The work that the given fields need. */
export function workFor(
  fields: readonly FaceField[],
): Pick<AnalysisOptions, 'landmarks' | 'embedding' | 'attributes'> {
  const attributes = new Set(fields.map((field) => ATTRIBUTES[field]).filter((name) => name !== undefined));
  return {
    landmarks: fields.includes('landmarks'),
    embedding: fields.includes('feature'),
    attributes: [...attributes],
  };
}
