/** What the node keeps: its blocks, receipts and trie, and how far in the order it is. */
import { type Block, createBlockFromRLP } from "@ethereumjs/block";
import type { Common } from "@ethereumjs/common";
import type { BatchDBOp, DB } from "@ethereumjs/util";
import { Level } from "level";
import * as z from "zod";
import { cursorJson } from "../../../cli/cursorFile.ts";
import type { OrderCursor } from "../../../messaging/light-client/order.ts";
import type { Hex } from "../../../protocol/bytes.ts";
import { integer } from "../../../protocol/json.ts";

const Head = z.strictObject({ number: integer(), cursor: z.nullable(cursorJson) });

/** The newest block, and the last shared height that was looked into; none yet at genesis. */
export type Head = { block: Block; cursor: Required<OrderCursor> | null };

export type Store = {
  /** Trie nodes under their hashes: what a crash leaves of an unfinished block does no harm. */
  nodes: DB<string, Uint8Array>;
  head(): Promise<Head | undefined>;
  block(number: number): Promise<Block | undefined>;
  receipt(hash: Hex): Promise<unknown>;
  /** All or nothing, and on the disk when it resolves. */
  advance(head: Head, receipts: ReadonlyMap<Hex, object>): Promise<void>;
  close(): Promise<void>;
};

export const openStore = async (folder: string, common: Common): Promise<Store> => {
  const database = new Level<string, string>(folder);
  await database.open();
  const nodes = database.sublevel<string, Uint8Array>("nodes", { valueEncoding: "view" });
  const blocks = database.sublevel<string, Uint8Array>("blocks", { valueEncoding: "view" });
  const receipts = database.sublevel<string, object>("receipts", { valueEncoding: "json" });

  const block: Store["block"] = async (number) => {
    const bytes = await blocks.get(String(number));
    return bytes && createBlockFromRLP(bytes, { common });
  };

  const trie: Store["nodes"] = {
    get: async (key) => {
      const node = await nodes.get(key);
      // The trie would take what is missing for empty, and go on with another state.
      if (node === undefined) throw new Error(`trie node ${key} is missing: remove ${folder} and start anew`);
      return node;
    },
    put: (key, value) => nodes.put(key, value),
    del: (key) => nodes.del(key),
    batch: (operations: BatchDBOp<string, Uint8Array>[]) => nodes.batch(operations.map(({ opts: _, ...rest }) => rest)),
    shallowCopy: () => trie,
    open: async () => {},
  };

  return {
    nodes: trie,
    head: async () => {
      const stored = await database.get("head");
      if (stored === undefined) return undefined;
      const { number, cursor } = z.decode(Head, JSON.parse(stored));
      const newest = await block(number);
      return newest && { block: newest, cursor };
    },
    block,
    receipt: (hash) => receipts.get(hash),
    advance: async ({ block: newest, cursor }, added) => {
      const number = Number(newest.header.number);
      await database.batch<string, unknown>(
        [
          ...[...added].map(([key, value]) => ({ type: "put" as const, sublevel: receipts, key, value })),
          { type: "put", sublevel: blocks, key: String(number), value: newest.serialize() },
          { type: "put", key: "head", value: JSON.stringify(z.encode(Head, { number, cursor })) },
        ],
        { sync: true },
      );
    },
    close: () => database.close(),
  };
};
