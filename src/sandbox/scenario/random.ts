/** A seeded source of numbers in [0, 1): the same seed gives the same estate and the same faults. */
export type Random = () => number;

/** The generator mulberry32: 32 bits of state, good enough for choosing victims and delays. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number between the two, the upper end excluded. */
export function between(random: Random, range: readonly [number, number]): number {
  return range[0] + random() * (range[1] - range[0]);
}

const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** A suffix as Kubernetes makes them: no vowels, so no words. */
export function randomSuffix(random: Random, length: number): string {
  return Array.from({ length }, () => LETTERS.charAt(Math.floor(random() * LETTERS.length))).join("");
}
