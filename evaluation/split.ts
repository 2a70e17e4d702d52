/** Splits of the data sets by the file name alone, so that figures are repeatable and independent of the order of files. */
import { createHash } from 'node:crypto';

/** Share of every data set that is held out. */
const HELD_OUT = 0.2;
const WORD_BYTES = 4;

/** Whether an item is held out: never used for training, always in reports. */
export function isHeldOut(name: string): boolean {
  return share(name, 0) < HELD_OUT;
}

/** Whether an item is in the half that a calibration is fitted on; the other half reports it. Independent of `isHeldOut`. */
export function isForCalibration(name: string): boolean {
  return share(name, 1) < 0.5;
}

/** A number 0…1 from a word of the name's hash. */
function share(name: string, word: number): number {
  return (
    createHash('sha256')
      .update(name)
      .digest()
      .readUInt32BE(word * WORD_BYTES) /
    2 ** 32
  );
}
