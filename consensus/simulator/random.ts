/** Seeded randomness: the same seed gives the same numbers on every machine. */

export type Random = {
  /** At least 0, below 1. */
  fraction(): number;
  /** Integer at least 0, below `bound`. */
  below(bound: number): number;
  chance(probability: number): boolean;
  bytes(length: number): Uint8Array;
};

/** xoshiro128** (Blackman and Vigna), seeded by splitmix32. */
export const createRandom = (seed: number): Random => {
  let mixed = seed | 0;
  const splitmix = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix() | 1];
  const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  const fraction = (): number => next() / 2 ** 32;
  const below = (bound: number): number => Math.floor(fraction() * bound);
  return {
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
};
