/** A picture that was made to hurt, and what is known of its answer. */

export interface CraftedPicture {
  readonly bytes: Buffer;
  /** So many callers send it at a time; default 1. */
  readonly together?: number;
  /** The callers hang up after so many milliseconds. */
  readonly leaveAfterMs?: number;
  /** The only statuses that are right; default: all that the rules allow. */
  readonly allowed?: readonly number[];
}
