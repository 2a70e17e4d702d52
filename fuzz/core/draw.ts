/** Random draws for generators: numbers, choices and bytes, and values from fast-check, which knows the edge cases of text and JSON. */
import { type Arbitrary, sample } from 'fast-check';
import { type Random, seededRandom } from '../../bench/simulate/random.js';

/** A separate source of random numbers for each case, so that a case does not depend on those before it. */
export function randomOf(seed: number, suite: string, index: number): Random {
  let hash = Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b);
  for (const character of suite) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return seededRandom(hash);
}

/** An integer from `from` to `to`, inclusive. */
export function integer(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[integer(random, 0, values.length - 1)];
}

/** True with the given probability. */
export function chance(random: Random, share: number): boolean {
  return random() < share;
}

export function bytes(random: Random, length: number): Buffer {
  const made = Buffer.alloc(length);
  for (let at = 0; at < length; at++) made[at] = random() * 256;
  return made;
}

/** A number near the limits of 8, 16 or 32 bits, where programs tend to overflow. */
export function edge(random: Random, bits: 8 | 16 | 32): number {
  const max = 2 ** bits - 1;
  const near = [0, 1, 2, max, max - 1, 2 ** (bits - 1), 2 ** (bits - 1) - 1, 2 ** (bits - 1) + 1];
  return chance(random, 0.8) ? pick(random, near) : integer(random, 0, max);
}

/** A value from one of fast-check's generators. */
export function draw<T>(random: Random, arbitrary: Arbitrary<T>): T {
  return sample(arbitrary, { seed: integer(random, 0, 0x7fffffff), numRuns: 1 })[0];
}

/** The numbers from 0 to `count` − 1 in random order. */
export function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = integer(random, 0, at);
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}
