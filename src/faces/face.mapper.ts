/** Analysed faces → faces as the API returns them. */
import type { AnalysedFace } from '../worker/protocol.js';
import type { Box } from '../vision/box.js';
import type { FaceDto } from './detect.dto.js';
import type { FaceField } from './face-fields.js';

/** The face with the requested fields only, in the documented order. */
export function toFaceDto(face: AnalysedFace, fields: readonly FaceField[]): FaceDto {
  const { pose, quality, liveness, mask, gender, age, race } = face.attributes;
  const outputs: Required<Pick<FaceDto, FaceField>> = {
    landmarks: face.landmarks?.map(({ x, y }): [number, number] => [Math.round(x), Math.round(y)]) ?? null,
    feature: face.embedding === undefined ? null : Array.from(face.embedding, (value) => round(value, 7)),
    roll: orNull(pose?.roll, 2),
    yaw: orNull(pose?.yaw, 2),
    pitch: orNull(pose?.pitch, 2),
    quality: orNull(quality, 4),
    mask_confidence: orNull(mask, 4),
    liveness_confidence: orNull(liveness, 4),
    gender: gender?.label ?? null,
    age_bracket: age?.bracket ?? null,
    race: race?.label ?? null,
    age: orNull(age?.years, 0),
    gender_confidence: orNull(gender?.confidence, 4),
    age_bracket_confidence: orNull(age?.confidence, 4),
    race_confidence: orNull(race?.confidence, 4),
  };
  const asked = Object.entries(outputs).filter(([name]) => fields.includes(name as FaceField));
  return {
    bounding_box: toPixels(face.box),
    confidence: round(face.confidence, 4),
    ...(Object.fromEntries(asked) as Pick<FaceDto, FaceField>),
  };
}

/** [x1, y1, x2, y2] in pixels, rounded to integers. */
export function toPixels({ x1, y1, x2, y2 }: Box): [number, number, number, number] {
  return [Math.round(x1), Math.round(y1), Math.round(x2), Math.round(y2)];
}

/** A number rounded to at most `decimals` decimals. */
export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

function orNull(value: number | null | undefined, decimals: number): number | null {
  return value == null ? null : round(value, decimals);
}
