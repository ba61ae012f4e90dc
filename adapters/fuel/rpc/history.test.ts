import { describe, expect, it } from "vitest";
import type { Hex } from "../../../protocol/bytes.ts";
import type { FuelTransaction } from "../transaction.ts";
import type { Blocks, ChainBlock } from "./blocks.ts";
import { createHistory } from "./history.ts";
import { rpcLimits } from "./limits.ts";

const hex = (text: string): Hex => `0x${text}`;

const paying = (to: string): FuelTransaction => ({
  kind: "blob",
  blobId: "0x",
  witnessIndex: 0,
  policies: {},
  inputs: [],
  outputs: [{ kind: "coin", to: hex(to), amount: 1n, assetId: "0x" }],
  witnesses: [],
});
const mint = { kind: "mint" } as FuelTransaction;

/** A block of transactions that pay these, ended by its mint transaction. */
const blockOf = (number: number, ...paid: string[]): ChainBlock => ({
  number,
  header: {} as ChainBlock["header"],
  sharedHeader: new Uint8Array(32) as ChainBlock["sharedHeader"],
  transactions: [
    ...paid.map((to) => ({ id: hex(`${number}${to}`), transaction: paying(to), bytes: new Uint8Array() })),
    { id: hex(`mint${number}`), transaction: mint, bytes: new Uint8Array() },
  ],
});

const open = (...blocks: ChainBlock[]) => {
  let listener: ((block: ChainBlock) => void) | undefined;
  const stored = new Map(blocks.map((block) => [block.number, block]));
  const history = createHistory({
    blocks: { byNumber: async (number) => stored.get(number) } as Blocks,
    height: () => Math.max(0, ...stored.keys()),
    onBlock: (listen) => {
      listener = listen;
      return () => {};
    },
  });
  const of = async (owner: string) => (await history.of(hex(owner))).map(({ number, index }) => `${number}:${index}`);
  return { history, of, execute: (block: ChainBlock) => listener?.(block) };
};

describe("the history of an address", () => {
  it("has the transactions that it has part in, of stored blocks and of new ones, oldest first", async () => {
    const { of, execute } = open(blockOf(1, "aa"), blockOf(2, "bb", "aa"));
    expect(await of("aa")).toEqual(["1:0", "2:1"]);
    execute(blockOf(3, "aa"));
    expect([await of("aa"), await of("cc")]).toEqual([["1:0", "2:1", "3:0"], []]);
  });

  it("finds the transaction that ends a block", async () => {
    const { history } = open(blockOf(1, "aa"), blockOf(2));
    expect(await history.ofMint("0xmint1")).toEqual({ number: 1, index: 1 });
    expect(await history.ofMint("0xmint3")).toBeUndefined();
  });

  it("forgets what heights held that are executed anew", async () => {
    const { history, of, execute } = open(blockOf(1, "aa"), blockOf(2, "aa"), blockOf(3, "aa", "bb"));
    await of("aa");
    execute(blockOf(2, "bb"));
    expect([await of("aa"), await of("bb")]).toEqual([["1:0"], ["2:0"]]);
    expect(await history.ofMint("0xmint3")).toBeUndefined();
  });

  it("forgets the oldest blocks when there are too many", async () => {
    const { history, of, execute } = open(blockOf(1, "aa", "bb"));
    await of("aa");
    for (let number = 2; number <= rpcLimits.indexedBlocks; number++) execute(blockOf(number, "aa"));
    expect(await of("bb")).toEqual(["1:1"]);
    execute(blockOf(rpcLimits.indexedBlocks + 1));
    expect([await of("bb"), (await of("aa"))[0]]).toEqual([[], "2:0"]);
    expect(await history.ofMint("0xmint1")).toBeUndefined();
  });
});
