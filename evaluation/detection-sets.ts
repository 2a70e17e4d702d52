/** The sets that detection is measured on, and the observations on each picture. */
import type { ScoredBox } from '../src/vision/nms.js';
import type { KnownFace } from './matching.js';

/** What was found in one picture. */
export interface Observation {
  readonly set: string;
  readonly known: readonly KnownFace[];
  /** With the service's defaults. */
  readonly found: readonly ScoredBox[];
  /** Down to a low score; only for pictures that the curve is drawn from. */
  readonly low?: readonly ScoredBox[];
}

/** By how many degrees heads are turned, to either side. */
export const ANGLES = [30, 45, 60, 90];
/** The shares of the picture that close-ups fill. */
export const SHARES = [0.5, 0.7, 0.9];
/** Heights of small faces, in pixels of a 640×480 picture. */
export const HEIGHTS = [12, 16, 20, 24, 32, 48, 64];

/** Names of the sets, as tables show them. */
export const SETS = {
  group: 'group photos',
  lfw: 'LFW',
  mask: 'mask photos',
  patterns: 'patterns',
  turned: (degrees: number): string => `turned by ${degrees}°`,
  closeUp: (share: number): string => `close-up, ${share * 100} % of the picture`,
  shrunk: (height: number): string => `${height} pixels high`,
} as const;
