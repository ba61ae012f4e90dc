/** Which of the last blocks' transactions name an account: kept in memory, read back from blocks when first asked. */
import { toHex } from "../../../protocol/bytes.ts";
import type { ChainBlock } from "./blocks.ts";
import type { Chain } from "./chain.ts";
import { rpcLimits } from "./limits.ts";

export type Place = { number: number; index: number };

export type History = {
  /** Places of the transactions that name the key, newest first. */
  of(key: Uint8Array): Promise<readonly Place[]>;
};

export const createHistory = (chain: Chain): History => {
  const places = new Map<string, Place[]>();
  /** Blocks in the index, oldest first, with the number of their transactions. */
  const indexed: { number: number; transactions: number }[] = [];
  let transactions = 0;
  let filling: Promise<void> | undefined;

  const forget = (): void => {
    for (;;) {
      const oldest = indexed[0];
      const isOver = indexed.length > rpcLimits.indexedBlocks || transactions > rpcLimits.indexedTransactions;
      if (oldest === undefined || !isOver) return;
      indexed.shift();
      transactions -= oldest.transactions;
    }
  };

  /** Entries of forgotten blocks go when their key is next touched. */
  const trim = (list: Place[]): void => {
    const oldest = indexed[0]?.number ?? 0;
    let stale = 0;
    while ((list[stale]?.number ?? oldest) < oldest) stale++;
    list.splice(0, stale);
  };

  const add = (block: ChainBlock): void => {
    if (block.number <= (indexed.at(-1)?.number ?? 0)) return;
    indexed.push({ number: block.number, transactions: block.transactions.length });
    transactions += block.transactions.length;
    forget();
    for (const [index, { keys }] of block.transactions.entries()) {
      for (const name of new Set(keys.map(toHex))) {
        const list = places.get(name) ?? [];
        trim(list);
        list.push({ number: block.number, index });
        places.set(name, list);
      }
    }
  };

  const fill = async (): Promise<void> => {
    let number = Math.max(1, chain.numberAt("processed") - rpcLimits.indexedBlocks + 1);
    for (; number <= chain.numberAt("processed"); number++) {
      const block = await chain.blocks.byNumber(number);
      if (block !== undefined) add(block);
    }
    chain.onBlock("processed", add);
  };

  return {
    of: async (key) => {
      filling ??= fill();
      await filling;
      const list = places.get(toHex(key)) ?? [];
      trim(list);
      return list.toReversed();
    },
  };
};
