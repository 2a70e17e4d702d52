/** Which items of a data set are held out: never used for training, always in reports. */
import { createHash } from 'node:crypto';

/** Share of every data set that is held out. */
const HELD_OUT = 0.2;

/** Decided by the file name alone, so that figures are repeatable and independent of the order of files. */
export function isHeldOut(name: string): boolean {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32 < HELD_OUT;
}
