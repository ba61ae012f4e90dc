/** Methods that answer with blocks. */
import { invalidParams } from "../../jsonRpc/error.ts";
import { boolean, optional, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { toBase58 } from "../base58.ts";
import type { ChainBlock } from "./blocks.ts";
import type { Chain } from "./chain.ts";
import { metaJson, transactionJson } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { type Config, commitmentOf, configAt, oneOf, setting, uint } from "./params.ts";
import { secondsOf, transactionEncodingOf, withMeta } from "./transactions.ts";

const details = ["full", "accounts", "signatures", "none"] as const;

const contentOf = (block: ChainBlock, config: Config) => {
  const detail = setting(config, "transactionDetails", oneOf(...details)) ?? "full";
  const encoding = transactionEncodingOf(config);
  switch (detail) {
    case "none":
      return {};
    case "signatures":
      return {
        signatures: block.transactions.map(({ transaction }) => toBase58(transaction.signatures[0] as Uint8Array)),
      };
    case "accounts":
      return {
        transactions: block.transactions.map((each) => {
          const { signatures, message } = transactionJson(each, "jsonParsed") as {
            signatures: string[];
            message: { accountKeys: unknown };
          };
          return { transaction: { signatures, accountKeys: message.accountKeys }, meta: metaJson(each, "json") };
        }),
      };
    case "full":
      return { transactions: block.transactions.map((each) => withMeta(each, encoding, config)) };
  }
};

export const blockMethods = (chain: Chain): Record<string, Method> => {
  /** Numbers of the blocks in a range, as far as they have reached the commitment. */
  const range = (first: number, last: number, config: Config): number[] => {
    const end = Math.min(last, chain.numberAt(commitmentOf(config)));
    if (last - first > rpcLimits.blocks) throw invalidParams(`Slot range too large; max ${rpcLimits.blocks}`);
    return Array.from({ length: Math.max(0, end - first + 1) }, (_, i) => first + i);
  };

  return {
    getBlock: async (params) => {
      const values = positional(params, 2);
      const number = required(values, 0, uint);
      const config = typeof values[1] === "string" ? { encoding: values[1] } : configAt(values, 1);
      if (commitmentOf(config) === "processed")
        throw invalidParams("Method does not support commitment below `confirmed`");
      if (number > chain.numberAt(commitmentOf(config))) return null;
      const block = await chain.block(number);
      return {
        blockhash: toBase58(block.block.blockhash),
        previousBlockhash: toBase58(block.block.parent),
        parentSlot: Math.max(0, number - 1),
        blockHeight: number,
        blockTime: secondsOf(block),
        ...contentOf(block, config),
        ...(setting(config, "rewards", boolean) === false ? {} : { rewards: [] }),
      };
    },
    getBlockTime: async (params) => secondsOf(await chain.block(required(positional(params, 1), 0, uint))),
    getBlocks: (params) => {
      const values = positional(params, 3);
      const first = required(values, 0, uint);
      const hasLast = typeof values[1] === "number";
      const config = configAt(values, hasLast ? 2 : 1);
      const last = hasLast ? required(values, 1, uint) : chain.numberAt(commitmentOf(config));
      return range(first, last, config);
    },
    getBlocksWithLimit: (params) => {
      const values = positional(params, 3);
      const first = required(values, 0, uint);
      const count = optional(values, 1, uint) ?? rpcLimits.blocks;
      return range(first, first + count - 1, configAt(values, 2));
    },
  };
};
