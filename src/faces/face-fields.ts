/** The optional outputs of a face, and the work each of them asks for. */
import type { AttributeName } from '../attributes/attributes.service.js';
import type { AnalysisOptions } from '../worker/protocol.js';

/** Names callers may list in `fields`. `bounding_box` and `confidence` are always there. */
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

/** The attribute behind a field; landmarks and feature are no attributes. */
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

/** What the pipeline has to compute for some fields. */
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
