/**
 * The pose family 1k3d68 of InsightFace (`landmark.py`, `transform.py`): 1103 points of the face in space, the last 68
 * of which are the iBUG points. The rotation of the affine map that brings a mean face closest to them is the head's
 * pose. Its input is a centred crop, 192×192, RGB.
 */
import type { PoseModel } from '../packs/pose-model.js';
import type { Signature } from '../sessions/signature.js';
import { centredCropMap, drawCentredCrop } from '../vision/centred-crop.js';
import type { Tensor } from '../vision/tensor.js';
import type { FaceView } from './face-view.js';
import { MEAN_FACE } from './mean-face.js';
import type { Pose } from './pose.js';

const SIDE = 192;
/** Shape of the input of one face. */
export const SHAPE = [3, SIDE, SIDE] as const;

/** Input and output of the graph. */
export const SIGNATURE: Signature = { input: ['N', ...SHAPE], outputs: [['N', 3309]] };

type Vector = readonly [x: number, y: number, z: number];

/** Draws the crop of one face into a batch, 3×192×192 floats from index `offset` on. */
export function preprocess(
  { image, box }: FaceView,
  batch: Tensor,
  offset: number,
  { scaling }: Pick<PoseModel, 'scaling'>,
): void {
  drawCentredCrop(image, centredCropMap(box, SIDE), SIDE, batch, offset, scaling);
}

/**
 * The pose. It depends only on directions, so the points stay in the crop's coordinates.
 * @param outputs one of 3309 floats: x, y, z of each point, −1…1 across the crop
 */
export function postprocess([output]: readonly Float32Array[]): Pose {
  const first = output.length - 3 * MEAN_FACE.length;
  const points = MEAN_FACE.map((_, index): Vector => {
    const at = first + 3 * index;
    return [output[at], output[at + 1], output[at + 2]];
  });
  return poseOf(points);
}

/** The pose of 68 points in space, x to the image's right, y down, z towards the viewer. */
export function poseOf(points: readonly Vector[]): Pose {
  const rows = leastSquares(points);
  const right = unit(rows[0]);
  const down = unit(rows[1]);
  const towards = cross(right, down);
  return {
    pitch: degrees(Math.atan2(towards[1], towards[2])),
    yaw: degrees(Math.atan2(-towards[0], Math.hypot(right[0], down[0]))),
    roll: degrees(Math.atan2(down[0], right[0])),
  };
}

/**
 * The first two rows of the linear part of the affine map from the mean face to `points`: with centred mean points M
 * and target coordinates y, each row r solves (MᵀM) r = Mᵀ y. Centring removes the shift.
 */
function leastSquares(points: readonly Vector[]): [Vector, Vector] {
  const centre = [0, 1, 2].map(
    (axis) => MEAN_FACE.reduce((sum, point) => sum + point[axis], 0) / points.length,
  );
  const mean = MEAN_FACE.map(([x, y, z]): Vector => [x - centre[0], y - centre[1], z - centre[2]]);
  const total = (f: (index: number) => number): number => mean.reduce((sum, _, index) => sum + f(index), 0);
  const column = (axis: number): Vector => [
    total((index) => mean[index][0] * mean[index][axis]),
    total((index) => mean[index][1] * mean[index][axis]),
    total((index) => mean[index][2] * mean[index][axis]),
  ];
  const [a, b, c] = [column(0), column(1), column(2)];
  const row = (axis: number): Vector => {
    const y: Vector = [
      total((index) => mean[index][0] * points[index][axis]),
      total((index) => mean[index][1] * points[index][axis]),
      total((index) => mean[index][2] * points[index][axis]),
    ];
    // Cramer's rule.
    const determinant = dot(a, cross(b, c));
    return [
      dot(y, cross(b, c)) / determinant,
      dot(a, cross(y, c)) / determinant,
      dot(a, cross(b, y)) / determinant,
    ];
  };
  return [row(0), row(1)];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(vector: Vector): Vector {
  const length = Math.sqrt(dot(vector, vector));
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
