/** Choices that a seed fixes (mulberry32). */
export type Random = {
  /** From 0 up to below `bound`, at most 2^32. */
  int(bound: number): number;
  chance(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
  /** 256 bits: small, near the largest, or anything. */
  word(): bigint;
};

export const createRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (bound: number): number => next() % bound;
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => int(256));
  const wide = (): bigint => bytes(32).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return {
    int,
    chance: (share) => next() < share * 2 ** 32,
    pick: <T>(items: readonly T[]): T => items[int(items.length)] as T,
    bytes,
    word: () =>
      [() => BigInt(int(5)), () => 2n ** 256n - 1n - BigInt(int(3)), () => wide() >> BigInt(int(256)), wide][
        int(4)
      ]?.() ?? 0n,
  };
};
