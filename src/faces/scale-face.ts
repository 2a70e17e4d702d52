/** Converts faces from pixels of a shrunk picture to pixels of the full-size one. */
import type { AnalysedFace } from '../worker/protocol.js';
import type { Point } from '../vision/affine.js';

/** The face in a picture that is `scale.x` times as wide and `scale.y` times as high. */
export function scaleFace(face: AnalysedFace, scale: Point): AnalysedFace {
  const { x1, y1, x2, y2 } = face.box;
  return {
    ...face,
    box: { x1: x1 * scale.x, y1: y1 * scale.y, x2: x2 * scale.x, y2: y2 * scale.y },
    landmarks: face.landmarks?.map(({ x, y }) => ({ x: x * scale.x, y: y * scale.y })),
  };
}
