/** Returns the faces of a picture to the main thread before the second half, so that several workers can share it. */
import type { FoundFace, FoundFaces, FoundPicture } from './protocol.js';

/** With fewer faces there is nothing to share. */
const MIN_FACES = 2;

/**
 * What other workers need to know about the faces of a picture. Features are copied out of the whole batch's memory,
 * all of which would otherwise be sent to each worker. Undefined where there are too few faces to share.
 */
export function handBack({ found: [faces], times }: FoundFaces): FoundPicture | undefined {
  return faces.length < MIN_FACES ? undefined : { faces: faces.map(detached), times };
}

function detached(face: FoundFace): FoundFace {
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
