/** A malicious picture, and what is known about its answer. */

export interface CraftedPicture {
  readonly bytes: Buffer;
  /** Number of callers that send it at the same time. Default: 1. */
  readonly together?: number;
  /** Milliseconds after which the callers disconnect. */
  readonly leaveAfterMs?: number;
  /** The correct statuses. Default: all that the rules allow. */
  readonly allowed?: readonly number[];
}
