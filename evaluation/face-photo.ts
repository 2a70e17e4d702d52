/** The central face of a photo, with the values that quality is measured by. */
import type { Pose } from '../src/attributes/pose.js';
import type { Box } from '../src/vision/box.js';
import type { EvaluationContext } from './evaluation.js';
import { centralFace } from './lfw.evaluation.js';
import { treated, type Treatment } from './treatments.js';

const ASKED = { landmarks: false, embedding: true, attributes: ['quality', 'pose'] } as const;
const WITHOUT_POSE = { ...ASKED, attributes: ['quality'] } as const;

/** One face. */
export interface FacePhoto {
  readonly box: Box;
  readonly embedding: Float32Array;
  readonly quality: number;
  /** Where the photo was not treated. */
  readonly pose?: Pose;
}

/** How a photo is changed, and the box of its face. */
export interface Change {
  readonly treatment: Treatment;
  readonly face?: Box;
}

/** The face in the middle of a photo, or of a changed copy of it; `undefined` where there is none. */
export async function photoOf(
  { engine }: EvaluationContext,
  path: string,
  change?: Change,
): Promise<FacePhoto | undefined> {
  const bytes = change === undefined ? path : await treated(path, change.treatment, change.face);
  const image = await engine.decode(bytes);
  const middle = { x: image.width / 2, y: image.height / 2 };
  const faces = await engine.analyze(image, change === undefined ? ASKED : WITHOUT_POSE);
  const face = centralFace(faces, middle);
  if (face?.embedding === undefined) return undefined;
  const { quality, pose } = face.attributes;
  return quality == null
    ? undefined
    : { box: face.box, embedding: face.embedding, quality, pose: pose ?? undefined };
}
