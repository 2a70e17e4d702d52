/** Which items are only reported on and never trained on: a matter of the file's name, so that figures can be repeated. */
import { createHash } from 'node:crypto';

const HELD_OUT_SHARE = 0.2;

/** Whether a file belongs to the held-out fifth. */
export function isHeldOut(name: string): boolean {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32 < HELD_OUT_SHARE;
}
