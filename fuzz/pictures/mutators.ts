/** Damages sound bytes as broken disks, broken programs and attackers do. */
import type { Random } from '../../bench/simulate/random.js';
import { bytes, edge, integer, pick } from '../core/draw.js';

type Mutator = (sound: Buffer, random: Random, other: Buffer) => Buffer;

/** By name. `other` is another sound file, for parts of it. */
export const MUTATORS: Readonly<Record<string, Mutator>> = {
  'flipped bits': (sound, random) => {
    const made = Buffer.from(sound);
    for (let left = integer(random, 1, 32); left > 0; left--)
      made[integer(random, 0, made.length - 1)] ^= 1 << integer(random, 0, 7);
    return made;
  },
  // Sizes, offsets and counts stand at the beginning of most files.
  'flipped bits of the head': (sound, random) => {
    const made = Buffer.from(sound);
    for (let left = integer(random, 1, 6); left > 0; left--)
      made[integer(random, 0, Math.min(made.length, 400) - 1)] ^= 1 << integer(random, 0, 7);
    return made;
  },
  'numbers at the edge': (sound, random) => {
    const made = Buffer.from(sound);
    for (let left = integer(random, 1, 4); left > 0; left--) {
      const size = pick(random, [1, 2, 4] as const);
      const at = integer(random, 0, Math.max(0, Math.min(made.length, 1_200) - size));
      const value = edge(random, (size * 8) as 8 | 16 | 32);
      if (random() < 0.5) made.writeUIntBE(value, at, size);
      else made.writeUIntLE(value, at, size);
    }
    return made;
  },
  'cut short': (sound, random) => sound.subarray(0, integer(random, 0, sound.length - 1)),
  'cut out': (sound, random) => {
    const from = integer(random, 0, sound.length - 1);
    const to = integer(random, from, Math.min(sound.length, from + 4_000));
    return Buffer.concat([sound.subarray(0, from), sound.subarray(to)]);
  },
  'filled in': (sound, random) => {
    const at = integer(random, 0, sound.length);
    const filler =
      random() < 0.5
        ? bytes(random, integer(random, 1, 200))
        : Buffer.alloc(integer(random, 1, 70_000), pick(random, [0, 255]));
    return Buffer.concat([sound.subarray(0, at), filler, sound.subarray(at)]);
  },
  repeated: (sound, random) => {
    const from = integer(random, 0, sound.length - 1);
    const part = sound.subarray(from, integer(random, from, Math.min(sound.length, from + 2_000)));
    const times = integer(random, 1, 500);
    return Buffer.concat([
      sound.subarray(0, from),
      ...Array.from({ length: times }, () => part),
      sound.subarray(from),
    ]);
  },
  blanked: (sound, random) => {
    const made = Buffer.from(sound);
    const from = integer(random, 0, made.length - 1);
    return made.fill(
      pick(random, [0, 255, 0x7f]),
      from,
      Math.min(made.length, from + integer(random, 1, 3_000)),
    );
  },
  'spliced with another': (sound, random, other) =>
    Buffer.concat([
      sound.subarray(0, integer(random, 0, sound.length)),
      other.subarray(integer(random, 0, other.length)),
    ]),
  'after another': (sound, _, other) => Buffer.concat([other, sound]),
};
