/**
 * Face image quality, 0…1: how fit a face is for recognition. Five named components in the spirit of ISO/IEC 29794-5,
 * each 0…1, joined by a weighted geometric mean, so that one bad component cannot be hidden by good ones.
 */
import { ALIGNED_SIDE, alignmentMap } from '../vision/alignment.js';
import { type Normalisation, warp } from '../vision/warp.js';
import type { FaceView } from './face-view.js';
import type { Pose } from './pose.head.js';

/** The components of a face's quality, each 0…1. */
export interface QualityComponents {
  /** Fine detail: variance of the Laplacian of the aligned crop. */
  readonly sharpness: number;
  /** Pixels: the shorter side of the box. */
  readonly size: number;
  /** Turned towards the camera. 1 when the pack has no pose model. */
  readonly pose: number;
  /** Neither dark nor washed out: mean brightness, and the share of clipped pixels. */
  readonly exposure: number;
  /** The detector's score. */
  readonly detection: number;
}

const WEIGHTS: QualityComponents = { sharpness: 0.3, size: 0.2, pose: 0.25, exposure: 0.15, detection: 0.1 };
const GREY: Normalisation = { order: 'grey', mean: [0], std: [1] };

/** Variance of the Laplacian at which sharpness is ½, in squared grey levels. */
const HALF_SHARPNESS = 60;
/** Shorter side in pixels at which a face counts as full size: the recognition crop needs no enlarging from there on. */
const FULL_SIZE = 112;
/** Brightness in grey levels between which exposure is good, and outside which it is worthless. */
const GOOD_BRIGHTNESS = { dark: 80, bright: 180, black: 10, white: 250 };

/** The quality of one face, 0…1. */
export function quality(components: QualityComponents): number {
  const names = Object.keys(WEIGHTS) as (keyof QualityComponents)[];
  return Math.exp(
    names.reduce((sum, name) => sum + WEIGHTS[name] * Math.log(Math.max(components[name], 1e-3)), 0),
  );
}

/** Measures the components on the aligned crop of a face. */
export function measureQuality(face: FaceView, pose: Pose | null): QualityComponents {
  const grey = new Float32Array(ALIGNED_SIDE * ALIGNED_SIDE);
  const target = { data: grey, offset: 0, width: ALIGNED_SIDE, height: ALIGNED_SIDE };
  warp(face.image, alignmentMap(face.keypoints), target, GREY);
  const variance = laplacianVariance(grey, ALIGNED_SIDE);
  const { x1, y1, x2, y2 } = face.box;
  return {
    sharpness: variance / (variance + HALF_SHARPNESS),
    size: Math.min(1, Math.min(x2 - x1, y2 - y1) / FULL_SIZE),
    pose: pose === null ? 1 : frontality(pose),
    exposure: exposure(grey),
    detection: face.score,
  };
}

/** 1 for a face that looks into the camera, falling with the cosine of yaw and pitch, less quickly with roll. */
function frontality({ yaw, pitch, roll }: Pose): number {
  const cosine = (degrees: number): number => Math.max(0, Math.cos((degrees * Math.PI) / 180));
  return cosine(yaw) * cosine(pitch) * cosine(roll / 2);
}

/** Variance of the 4-neighbour Laplacian over the inner pixels of a square picture. */
function laplacianVariance(grey: Float32Array, side: number): number {
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1, i = y * side + 1; x < side - 1; x++, i++) {
      const value = grey[i - side] + grey[i + side] + grey[i - 1] + grey[i + 1] - 4 * grey[i];
      sum += value;
      squares += value * value;
    }
  }
  const count = (side - 2) * (side - 2);
  return squares / count - (sum / count) ** 2;
}

function exposure(grey: Float32Array): number {
  const { dark, bright, black, white } = GOOD_BRIGHTNESS;
  let sum = 0;
  let clipped = 0;
  for (const value of grey) {
    sum += value;
    if (value < black || value > white) clipped++;
  }
  const brightness = sum / grey.length;
  const level = Math.min(1, (brightness - black) / (dark - black), (white - brightness) / (white - bright));
  return Math.max(0, level) * (1 - clipped / grey.length);
}
