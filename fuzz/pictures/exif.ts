/** EXIF blocks (a TIFF inside a picture) that lead a reader in circles or out of bounds. */
import type { Random } from '../../bench/simulate/random.js';
import { bytes, chance, edge, integer, pick } from '../core/draw.js';

const ORIENTATION = 0x0112;
const SUB_DIRECTORIES = [0x8769, 0x8825, 0xa005, 0x014a];

/** Directories that point to themselves or each other, tags with counts of billions, and arbitrary offsets. */
export function loopingExif(random: Random): Buffer {
  const entries = pick(random, [1, 5, 40, 1_000, 65_535]);
  const made = Buffer.alloc(Math.min(8 + 2 + entries * 12 + 4, 60_000));
  made.write('II*\0', 'latin1');
  made.writeUInt32LE(8, 4);
  made.writeUInt16LE(entries, 8);
  for (let at = 10; at + 12 <= made.length; at += 12) {
    const tag = chance(random, 0.4) ? pick(random, SUB_DIRECTORIES) : integer(random, 0, 0xffff);
    made.writeUInt16LE(at === 10 ? ORIENTATION : tag, at);
    made.writeUInt16LE(integer(random, 0, 14), at + 2);
    made.writeUInt32LE(edge(random, 32), at + 4);
    made.writeUInt32LE(chance(random, 0.6) ? 8 : edge(random, 32), at + 8);
  }
  if (chance(random, 0.5)) made.writeUInt32LE(8, made.length - 4);
  return chance(random, 0.2) ? bytes(random, made.length) : made;
}
