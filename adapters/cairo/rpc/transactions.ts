/** Methods that answer with transactions and their outcomes. */
import type { Hex } from "../../../protocol/bytes.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { decodeTransaction } from "../transaction.ts";
import { transactionToJson } from "../transactionJson.ts";
import { responseFlags } from "./blockMethods.ts";
import { type ChainBlock, type ChainTransaction, nativeIdOf } from "./blocks.ts";
import type { Chain } from "./chain.ts";
import { starknetError } from "./errors.ts";
import { receiptInBlockJson, statusJson, transactionJson } from "./format.ts";
import { felt, parameters } from "./params.ts";

export type Found = { block: ChainBlock; index: number; transaction: ChainTransaction };

/** An executed transaction; `undefined` when this node has executed none with that hash. */
export const findTransaction = async (chain: Chain, hash: Hex): Promise<Found | undefined> => {
  const place = await chain.services.locate(nativeIdOf(hash));
  const block = place && (await chain.blocks.byNumber(place.number));
  const transaction = place && block?.transactions[place.index];
  if (block === undefined || transaction?.hash !== hash) return undefined;
  return { block, index: place?.index ?? 0, transaction };
};

/** `TXN_WITH_HASH` of a transaction that waits for its execution, and who sends it. */
export const pendingTransaction = async (
  chain: Chain,
  hash: Hex,
): Promise<{ json: Record<string, unknown>; sender: Hex } | undefined> => {
  const bytes = chain.services.pending(nativeIdOf(hash));
  const decoded = bytes && decodeTransaction(bytes);
  const facts = bytes && (await chain.read({ kind: "facts", transaction: bytes }));
  if (!decoded?.ok || !facts) return undefined;
  const json = transactionToJson(decoded.value, facts.classHash);
  return { json: { ...json, transaction_hash: hash }, sender: facts.sender };
};

export const transactionMethods = (chain: Chain): Record<string, Method> => {
  const executed = async (hash: Hex): Promise<Found> => {
    const found = await findTransaction(chain, hash);
    if (found === undefined) throw starknetError("TXN_HASH_NOT_FOUND");
    return found;
  };

  return {
    starknet_getTransactionStatus: async (params) => {
      const hash = parameters(params, "transaction_hash").required("transaction_hash", felt);
      const found = await findTransaction(chain, hash);
      if (found !== undefined) return statusJson(found.transaction, chain.finalityOf(found.block.number));
      if (chain.services.pending(nativeIdOf(hash)) !== undefined) return { finality_status: "RECEIVED" };
      throw starknetError("TXN_HASH_NOT_FOUND");
    },
    starknet_getTransactionByHash: async (params) => {
      const given = parameters(params, "transaction_hash", "response_flags");
      const hash = given.required("transaction_hash", felt);
      given.optional("response_flags", responseFlags);
      const found = await findTransaction(chain, hash);
      if (found !== undefined) return transactionJson(found.transaction);
      const pending = await pendingTransaction(chain, hash);
      if (pending === undefined) throw starknetError("TXN_HASH_NOT_FOUND");
      return pending.json;
    },
    starknet_getTransactionReceipt: async (params) => {
      const hash = parameters(params, "transaction_hash").required("transaction_hash", felt);
      const { block, transaction } = await executed(hash);
      return receiptInBlockJson(block, transaction, chain.finalityOf(block.number));
    },
    /** No L1 sends messages to a tenant, so no transaction of one is known. */
    starknet_getMessagesStatus: (params) => {
      parameters(params, "transaction_hash").required("transaction_hash", felt);
      throw starknetError("TXN_HASH_NOT_FOUND");
    },
  };
};
