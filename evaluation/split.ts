/** Which items of a data set are held out: never trained on, always reported on. */
import { createHash } from 'node:crypto';

/** Share of every data set that is held out. */
const HELD_OUT = 0.2;

/** Decided by the file name alone, so that a figure can be repeated and no order of files matters. */
export function isHeldOut(name: string): boolean {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32 < HELD_OUT;
}
