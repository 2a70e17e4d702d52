/** Damages valid files, as broken disks, buggy programs and attackers do. */
import type { Random } from '../../bench/simulate/random.js';
import { bytes, edge, integer, pick } from '../core/draw.js';

type Mutator = (valid: Buffer, random: Random, other: Buffer) => Buffer;

/** Mutators by name. `other` is another valid file, whose parts may be used. */
export const MUTATORS: Readonly<Record<string, Mutator>> = {
  'flipped bits': (valid, random) => {
    const made = Buffer.from(valid);
    for (let left = integer(random, 1, 32); left > 0; left--)
      made[integer(random, 0, made.length - 1)] ^= 1 << integer(random, 0, 7);
    return made;
  },
  // Most files have sizes, offsets and counts at their beginning.
  'flipped bits of the head': (valid, random) => {
    const made = Buffer.from(valid);
    for (let left = integer(random, 1, 6); left > 0; left--)
      made[integer(random, 0, Math.min(made.length, 400) - 1)] ^= 1 << integer(random, 0, 7);
    return made;
  },
  'numbers at the edge': (valid, random) => {
    const made = Buffer.from(valid);
    for (let left = integer(random, 1, 4); left > 0; left--) {
      const size = pick(random, [1, 2, 4] as const);
      const at = integer(random, 0, Math.max(0, Math.min(made.length, 1_200) - size));
      const value = edge(random, (size * 8) as 8 | 16 | 32);
      if (random() < 0.5) made.writeUIntBE(value, at, size);
      else made.writeUIntLE(value, at, size);
    }
    return made;
  },
  'cut short': (valid, random) => valid.subarray(0, integer(random, 0, valid.length - 1)),
  'cut out': (valid, random) => {
    const from = integer(random, 0, valid.length - 1);
    const to = integer(random, from, Math.min(valid.length, from + 4_000));
    return Buffer.concat([valid.subarray(0, from), valid.subarray(to)]);
  },
  'filled in': (valid, random) => {
    const at = integer(random, 0, valid.length);
    const filler =
      random() < 0.5
        ? bytes(random, integer(random, 1, 200))
        : Buffer.alloc(integer(random, 1, 70_000), pick(random, [0, 255]));
    return Buffer.concat([valid.subarray(0, at), filler, valid.subarray(at)]);
  },
  repeated: (valid, random) => {
    const from = integer(random, 0, valid.length - 1);
    const part = valid.subarray(from, integer(random, from, Math.min(valid.length, from + 2_000)));
    const times = integer(random, 1, 500);
    return Buffer.concat([
      valid.subarray(0, from),
      ...Array.from({ length: times }, () => part),
      valid.subarray(from),
    ]);
  },
  blanked: (valid, random) => {
    const made = Buffer.from(valid);
    const from = integer(random, 0, made.length - 1);
    return made.fill(
      pick(random, [0, 255, 0x7f]),
      from,
      Math.min(made.length, from + integer(random, 1, 3_000)),
    );
  },
  'spliced with another': (valid, random, other) =>
    Buffer.concat([
      valid.subarray(0, integer(random, 0, valid.length)),
      other.subarray(integer(random, 0, other.length)),
    ]),
  'after another': (valid, _, other) => Buffer.concat([other, valid]),
};
