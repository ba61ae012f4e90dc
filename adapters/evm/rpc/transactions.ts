/** Methods that answer with transactions and receipts. */
import { recoverTransactionAddress, type TransactionSerialized } from "viem";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import type { ChainBlock } from "./blockCache.ts";
import { blockPlace } from "./blockTag.ts";
import type { Chain } from "./chain.ts";
import { formatPending, formatReceipt, formatTransaction } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { hash, integer } from "./params.ts";
import { decodeTransaction } from "./transaction.ts";

/** Where an executed transaction is; `undefined` when the node has executed none with that hash. */
export const findTransaction = async (
  chain: Chain,
  nativeId: Hex,
): Promise<{ block: ChainBlock; index: number } | undefined> => {
  const place = await chain.services.locate(nativeId);
  if (place === undefined) return undefined;
  const block = await chain.blocks.byNumber(place.number);
  return block?.transactions[place.index]?.nativeId === nativeId ? { block, index: place.index } : undefined;
};

export const transactionMethods = (chain: Chain): Record<string, Method> => {
  const senderOf = createSenders();

  const byIndex = (block: ChainBlock | undefined, index: number) =>
    block === undefined ? null : formatTransaction(block, index);

  return {
    eth_getTransactionByHash: async (params) => {
      const nativeId = required(positional(params, 1), 0, hash);
      // Looked up first: what leaves the mempool between the two look-ups has been executed.
      const pending = chain.services.pending(nativeId);
      const found = await findTransaction(chain, nativeId);
      if (found !== undefined) return formatTransaction(found.block, found.index);
      if (pending === undefined) return null;
      return formatPending(decodeTransaction(pending), nativeId, await senderOf(nativeId, pending));
    },
    eth_getTransactionByBlockNumberAndIndex: async (params) => {
      const values = positional(params, 2);
      const index = required(values, 1, integer);
      return byIndex(await chain.blocks.byNumber(chain.numberOf(required(values, 0, blockPlace))), index);
    },
    eth_getTransactionByBlockHashAndIndex: async (params) => {
      const values = positional(params, 2);
      const index = required(values, 1, integer);
      return byIndex(await chain.blocks.byHash(required(values, 0, hash)), index);
    },
    eth_getTransactionReceipt: async (params) => {
      const found = await findTransaction(chain, required(positional(params, 1), 0, hash));
      return found === undefined ? null : formatReceipt(found.block, found.index);
    },
  };
};

/** Senders of pending transactions. Nothing in the mempool tells them, so each is recovered once and kept. */
const createSenders = () => {
  const senders = new Map<Hex, Hex>();
  return async (nativeId: Hex, raw: Uint8Array): Promise<Hex> => {
    const known = senders.get(nativeId);
    if (known !== undefined) return known;
    const serializedTransaction = toHex(raw) as TransactionSerialized;
    const sender = (await recoverTransactionAddress({ serializedTransaction })).toLowerCase() as Hex;
    if (senders.size >= rpcLimits.senders)
      for (const oldest of senders.keys()) {
        senders.delete(oldest);
        break;
      }
    senders.set(nativeId, sender);
    return sender;
  };
};
