/** Random numbers that are the same in every run, so that simulations can be repeated and tested. */

/** A source of numbers in 0…1 (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** An exponentially distributed waiting time, as between the arrivals of independent callers. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean;
}
