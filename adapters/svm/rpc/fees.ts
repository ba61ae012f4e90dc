/** Methods about blockhashes and fees. */

import { equalBytes } from "../../../protocol/bytes.ts";
import { transactionLimits } from "../../../protocol/limits.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import { list, optional, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { rentExemption } from "../account.ts";
import { toBase58 } from "../base58.ts";
import { feesOf } from "../fees.ts";
import { decodeTransaction } from "../transaction.ts";
import { blockhashBlocks, blockhashMs } from "../window.ts";
import { inContext, stateFor } from "./accounts.ts";
import type { ChainBlock } from "./blocks.ts";
import type { Chain } from "./chain.ts";
import { rpcLimits } from "./limits.ts";
import { address, base64, blockhash, configAt, uint } from "./params.ts";

/** A transaction of a message alone, with signatures that are not there yet. */
const unsigned = (message: Uint8Array): Uint8Array => {
  const required = (message[0] ?? 0) < 0x80 ? (message[0] ?? 0) : (message[1] ?? 0);
  if (required > 127) throw invalidParams("invalid argument 0: the message has too many signers");
  return Uint8Array.of(required, ...new Uint8Array(64 * required), ...message);
};

/** Least price that a transaction of a block paid for a compute unit while it locked all the accounts. */
const leastPrice = ({ transactions }: ChainBlock, accounts: readonly Uint8Array[]): number => {
  let least: bigint | undefined;
  for (const { transaction, keys, isWritable } of transactions) {
    const locks = (key: Uint8Array) => keys.some((each, index) => isWritable(index) && equalBytes(each, key));
    const fees = feesOf(transaction);
    if (!fees.ok || !accounts.every(locks)) continue;
    if (least === undefined || fees.value.price < least) least = fees.value.price;
  }
  return Number(least ?? 0n);
};

export const feeMethods = (chain: Chain): Record<string, Method> => {
  /**
   * The last block that surely takes transactions of `number`'s blockhash, and more: a blockhash also lasts for 90
   * seconds, in which twice as many blocks may pass as in the last 90.
   */
  const lastValidBlockHeight = async (number: number): Promise<number> => {
    const head = chain.numberAt("processed");
    const newest = await chain.block(head);
    const span = Math.min(head, rpcLimits.feeBlocks);
    const before = await chain.block(head - span);
    const passedMs = newest.block.timestampMs - before.block.timestampMs;
    const lately = passedMs === 0 ? 0 : Math.ceil((2 * span * blockhashMs) / passedMs);
    return number + Math.max(blockhashBlocks, span < rpcLimits.feeBlocks ? 0 : lately);
  };

  return {
    getLatestBlockhash: async (params) => {
      const number = stateFor(chain, configAt(positional(params, 1), 0));
      const { block } = await chain.block(number);
      return inContext(number, {
        blockhash: toBase58(block.blockhash),
        lastValidBlockHeight: await lastValidBlockHeight(number),
      });
    },
    isBlockhashValid: async (params) => {
      const values = positional(params, 2);
      const asked = required(values, 0, blockhash);
      const number = stateFor(chain, configAt(values, 1));
      const { isRecent, number: of } = await chain.read({ kind: "blockhash", blockhash: asked });
      return inContext(number, isRecent && (of ?? 0) <= number);
    },
    getFeeForMessage: async (params) => {
      const values = positional(params, 2);
      const message = required(values, 0, base64(transactionLimits.svm));
      const number = stateFor(chain, configAt(values, 1));
      const decoded = decodeTransaction(unsigned(message));
      if (!decoded.ok) throw invalidParams(`invalid argument 0: ${decoded.error.message}`);
      const fees = feesOf(decoded.value);
      if (!fees.ok) throw invalidParams(`invalid argument 0: ${fees.error.message}`);
      const { isRecent } = await chain.read({ kind: "blockhash", blockhash: decoded.value.recentBlockhash });
      return inContext(number, isRecent ? fees.value.fee : null);
    },
    getRecentPrioritizationFees: async (params) => {
      const accounts = optional(positional(params, 1), 0, list(address, rpcLimits.feeAccounts)) ?? [];
      const head = chain.numberAt("processed");
      const fees: { slot: number; prioritizationFee: number }[] = [];
      for (let slot = Math.max(1, head - rpcLimits.feeBlocks + 1); slot <= head; slot++) {
        fees.push({ slot, prioritizationFee: leastPrice(await chain.block(slot), accounts) });
      }
      return fees;
    },
    getMinimumBalanceForRentExemption: (params) => rentExemption(required(positional(params, 2), 0, uint)),
  };
};
