/** Hands the faces of a picture back to the main thread before they are described, so that several workers can share them. */
import type { FoundFace, FoundFaces, FoundPicture } from './protocol.js';

/** With fewer faces there is nothing to share. */
const MIN_FACES = 2;

/**
 * What other workers have to know of the faces of a picture, in memory of its own: more would be copied as often as there
 * are workers. Undefined where there are too few faces to share.
 */
export function handBack({ found: [faces], times }: FoundFaces): FoundPicture | undefined {
  return faces.length < MIN_FACES ? undefined : { faces: faces.map(apart), times };
}

function apart(face: FoundFace): FoundFace {
  const { box, score, confidence, keypoints, landmarks, recognition, trunk } = face;
  const own = trunk && { ...trunk, features: trunk.features?.slice() };
  return {
    box,
    score,
    confidence,
    keypoints,
    landmarks,
    recognition: recognition === trunk ? own : recognition,
    trunk: own,
  };
}
