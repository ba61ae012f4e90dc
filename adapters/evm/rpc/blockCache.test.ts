import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockHashOf, createEvmChain, type EvmChain } from "../../../test/fixtures/evmChain.ts";
import type { TenantBlock } from "../../adapter.ts";
import { createBlockCache } from "./blockCache.ts";
import { rpcLimits } from "./limits.ts";

let chain: EvmChain;
beforeAll(async () => {
  chain = await createEvmChain();
  for (let i = 0; i < rpcLimits.cachedBlocks + 10; i++) await chain.mine();
});
afterAll(() => chain.close());

/** A cache, and the numbers of the blocks that it loaded. */
const countingCache = () => {
  const loaded: number[] = [];
  const cache = createBlockCache({
    ...chain.services,
    blockByNumber: (number) => {
      loaded.push(number);
      return chain.services.blockByNumber(number);
    },
  });
  return { cache, loaded };
};
const blockAt = (number: number): TenantBlock => {
  const block = chain.blocks[number];
  if (block === undefined) throw new Error(`there is no block ${number}`);
  return block;
};

describe("the block cache", () => {
  it("loads a block once, also for those that ask at the same time", async () => {
    const { cache, loaded } = countingCache();
    const [a, b] = await Promise.all([cache.byNumber(5), cache.byNumber(5)]);
    expect(a).toBe(b);
    expect(await cache.byNumber(5)).toBe(a);
    expect(await cache.byHash(blockHashOf(blockAt(5)))).toBe(a);
    await cache.bloom(5);
    expect(loaded).toEqual([5]);
    expect(a).toMatchObject({ number: 5, hash: blockHashOf(blockAt(5)), bloom: undefined });
  });

  it("doesn't ask for blocks above the head", async () => {
    const { cache, loaded } = countingCache();
    expect(await cache.byNumber(chain.blocks.length)).toBeUndefined();
    expect(loaded).toEqual([]);
  });

  it("forgets what was used least, and keeps its bloom", async () => {
    const { cache, loaded } = countingCache();
    for (let number = 0; number < rpcLimits.cachedBlocks; number++) await cache.byNumber(number);
    await cache.byNumber(0);
    await cache.byNumber(rpcLimits.cachedBlocks);
    loaded.length = 0;
    await cache.byNumber(0);
    expect(loaded).toEqual([]);
    await cache.bloom(1);
    expect(loaded).toEqual([]);
    await cache.byNumber(1);
    expect(loaded).toEqual([1]);
  });

  it("forgets heights that are executed anew", async () => {
    const { cache, loaded } = countingCache();
    for (const number of [3, 4, 5]) cache.add(blockAt(number));
    expect(await cache.byNumber(5)).toBeDefined();
    expect(loaded).toEqual([]);
    const again = cache.add(blockAt(4));
    expect(await cache.byNumber(4)).toBe(again);
    await cache.byNumber(3);
    expect(loaded).toEqual([]);
    await cache.byNumber(5);
    expect(loaded).toEqual([5]);
  });
});
