/** Methods that answer with transactions and their outcomes. */
import type { Hex } from "../../../protocol/bytes.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { classHashOf } from "../contracts/classHash.ts";
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

/** `TXN_WITH_HASH` of a transaction that waits for its execution. */
export const pendingJson = (bytes: Uint8Array, hash: Hex): Record<string, unknown> | undefined => {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return undefined;
  const transaction = decoded.value;
  const declared = transaction.type === "DECLARE" ? classHashOf(transaction.contract_class) : undefined;
  return { ...transactionToJson(transaction, declared), transaction_hash: hash };
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
      const bytes = chain.services.pending(nativeIdOf(hash));
      const shown = bytes && pendingJson(bytes, hash);
      if (shown === undefined) throw starknetError("TXN_HASH_NOT_FOUND");
      return shown;
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
