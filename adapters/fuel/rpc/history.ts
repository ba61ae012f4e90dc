/**
 * Which of the last blocks' transactions an address has part in, and which mint transaction ends which block: kept in
 * memory, read back from blocks when first asked.
 */
import type { Hex } from "../../../protocol/bytes.ts";
import type { FuelTransaction } from "../transaction.ts";
import type { Blocks, ChainBlock } from "./blocks.ts";
import { rpcLimits } from "./limits.ts";

export type Place = { number: number; index: number };

export type History = {
  /** Places of the transactions that an address owns inputs of or gets outputs of, oldest first. */
  of(owner: Hex): Promise<readonly Place[]>;
  ofMint(id: Hex): Promise<Place | undefined>;
};

/** As fuel-core counts them. */
const ownersOf = (transaction: FuelTransaction): Set<Hex> => {
  if (transaction.kind === "mint") return new Set();
  const inputs = transaction.inputs.flatMap((input) => {
    if (input.kind === "coin") return [input.owner];
    return input.kind === "message" ? [input.recipient] : [];
  });
  return new Set([...inputs, ...transaction.outputs.flatMap((output) => ("to" in output ? [output.to] : []))]);
};

type Source = {
  blocks: Blocks;
  height(): number;
  onBlock(listener: (block: ChainBlock) => void): () => void;
};

export const createHistory = ({ blocks, height, onBlock }: Source): History => {
  const places = new Map<Hex, Place[]>();
  /** Blocks in the index, oldest first. */
  const indexed: { number: number; owners: readonly Hex[]; transactions: number; mint: Hex | undefined }[] = [];
  const mints = new Map<Hex, Place>();
  let transactions = 0;
  let filling: Promise<void> | undefined;

  const forget = (): void => {
    for (;;) {
      const [oldest] = indexed;
      const isOver = indexed.length > rpcLimits.indexedBlocks || transactions > rpcLimits.indexedTransactions;
      if (oldest === undefined || !isOver) return;
      indexed.shift();
      transactions -= oldest.transactions;
      if (oldest.mint !== undefined) mints.delete(oldest.mint);
      for (const owner of oldest.owners) {
        const list = places.get(owner) ?? [];
        const left = list.findIndex(({ number }) => number > oldest.number);
        if (left === -1) places.delete(owner);
        else list.splice(0, left);
      }
    }
  };

  /** Heights may be executed anew: what was known from there on is none of this chain any more. */
  const rewind = (number: number): void => {
    for (let newest = indexed.at(-1); newest !== undefined && newest.number >= number; newest = indexed.at(-1)) {
      indexed.pop();
      transactions -= newest.transactions;
      if (newest.mint !== undefined) mints.delete(newest.mint);
      for (const owner of newest.owners) {
        const list = places.get(owner) ?? [];
        while ((list.at(-1)?.number ?? -1) >= number) list.pop();
        if (list.length === 0) places.delete(owner);
      }
    }
  };

  const add = ({ number, transactions: applied }: ChainBlock): void => {
    rewind(number);
    const owners = new Set<Hex>();
    let mint: Hex | undefined;
    for (const [index, { id, transaction }] of applied.entries()) {
      const place = { number, index };
      if (transaction.kind === "mint") {
        mint = id;
        mints.set(id, place);
      }
      for (const owner of ownersOf(transaction)) {
        owners.add(owner);
        const list = places.get(owner);
        if (list === undefined) places.set(owner, [place]);
        else list.push(place);
      }
    }
    indexed.push({ number, owners: [...owners], transactions: applied.length, mint });
    transactions += applied.length;
    forget();
  };

  const fill = async (): Promise<void> => {
    let number = Math.max(1, height() - rpcLimits.indexedBlocks + 1);
    for (; number <= height(); number++) {
      const block = await blocks.byNumber(number);
      if (block !== undefined) add(block);
    }
    onBlock(add);
  };

  const filled = async (): Promise<void> => {
    filling ??= fill();
    try {
      await filling;
    } catch (error) {
      filling = undefined;
      throw error;
    }
  };

  return {
    of: async (owner) => {
      await filled();
      return places.get(owner) ?? [];
    },
    ofMint: async (id) => {
      await filled();
      return mints.get(id);
    },
  };
};
