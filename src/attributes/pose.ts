/** The pose of a head. */

/** Degrees: roll positive clockwise on the screen, yaw positive to the image's right, pitch positive up. */
export interface Pose {
  readonly roll: number;
  readonly yaw: number;
  readonly pitch: number;
}
