/** Methods that answer with transactions and their outcomes. */
import { toHex } from "../../../protocol/bytes.ts";
import { invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { boolean, list, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { toBase58 } from "../base58.ts";
import { errorJson } from "../transactionError.ts";
import { inContext } from "./accounts.ts";
import type { ChainBlock, ChainTransaction } from "./blocks.ts";
import type { Chain } from "./chain.ts";
import { solanaErrors } from "./errors.ts";
import { metaJson, type TransactionEncoding, transactionJson } from "./format.ts";
import { createHistory, type Place } from "./history.ts";
import { rpcLimits } from "./limits.ts";
import {
  address,
  type Config,
  checkContextSlot,
  commitmentOf,
  configAt,
  oneOf,
  setting,
  signature,
  uint,
} from "./params.ts";

type Found = { block: ChainBlock; index: number; transaction: ChainTransaction };

/** An executed transaction; `undefined` when the node has executed none with that signature. */
export const findTransaction = async (chain: Chain, id: Uint8Array): Promise<Found | undefined> => {
  const nativeId = toHex(id);
  const place = await chain.services.locate(nativeId);
  const block = place && (await chain.blocks.byNumber(place.number));
  const transaction = place && block?.transactions[place.index];
  if (place === undefined || block === undefined || transaction?.nativeId !== nativeId) return undefined;
  return { block, index: place.index, transaction };
};

export const transactionEncodingOf = (config: Config): TransactionEncoding =>
  setting(config, "encoding", oneOf<TransactionEncoding>("json", "jsonParsed", "base58", "base64")) ?? "json";

/** A transaction with its outcome. @throws RpcError where its version is above what the caller understands */
export const withMeta = (transaction: ChainTransaction, encoding: TransactionEncoding, config: Config) => {
  const most = setting(config, "maxSupportedTransactionVersion", uint);
  const { version } = transaction.transaction;
  if (version !== "legacy" && most === undefined) {
    throw new RpcError(
      solanaErrors.unsupportedVersion,
      `Transaction version (${version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`,
    );
  }
  return {
    transaction: transactionJson(transaction, encoding),
    meta: metaJson(transaction, encoding),
    ...(most === undefined ? {} : { version }),
  };
};

export const secondsOf = ({ block }: ChainBlock): number => Math.floor(block.timestampMs / 1000);

export const transactionMethods = (chain: Chain): Record<string, Method> => {
  const history = createHistory(chain);

  const confirmationOf = (number: number): "confirmed" | "finalized" =>
    number <= chain.numberAt("finalized") ? "finalized" : "confirmed";

  const statusOf = async (id: Uint8Array) => {
    const found = await findTransaction(chain, id);
    if (found === undefined) return null;
    const { block, transaction } = found;
    const err = transaction.receipt.error === undefined ? null : errorJson(transaction.receipt.error);
    const confirmationStatus = confirmationOf(block.number);
    return {
      slot: block.number,
      confirmations: confirmationStatus === "finalized" ? null : 0,
      err,
      status: err === null ? { Ok: null } : { Err: err },
      confirmationStatus,
    };
  };

  const signatureInfo = async ({ number, index }: Place) => {
    const block = await chain.block(number);
    const transaction = block.transactions[index];
    if (transaction === undefined) return [];
    const { error } = transaction.receipt;
    return [
      {
        signature: toBase58(transaction.transaction.signatures[0] as Uint8Array),
        slot: number,
        err: error === undefined ? null : errorJson(error),
        memo: null,
        blockTime: secondsOf(block),
        confirmationStatus: confirmationOf(number),
      },
    ];
  };

  /** Where a signature stands among places, newest first. */
  const positionOf = async (places: readonly Place[], id: Uint8Array | undefined): Promise<number | undefined> => {
    if (id === undefined) return undefined;
    const found = await findTransaction(chain, id);
    if (found === undefined) throw invalidParams(`Transaction ${toBase58(id)} not found`);
    const { block, index } = found;
    const isAtOrBefore = (place: Place) =>
      place.number < block.number || (place.number === block.number && place.index <= index);
    const position = places.findIndex(isAtOrBefore);
    return position === -1 ? places.length : position;
  };

  return {
    getTransaction: async (params) => {
      const values = positional(params, 2);
      const id = required(values, 0, signature);
      const config = typeof values[1] === "string" ? { encoding: values[1] } : configAt(values, 1);
      if (commitmentOf(config) === "processed")
        throw invalidParams("Method does not support commitment below `confirmed`");
      const found = await findTransaction(chain, id);
      if (found === undefined || found.block.number > chain.numberAt(commitmentOf(config))) return null;
      const shown = withMeta(found.transaction, transactionEncodingOf(config), config);
      return { slot: found.block.number, blockTime: secondsOf(found.block), ...shown };
    },
    getSignatureStatuses: async (params) => {
      const values = positional(params, 2);
      const ids = required(values, 0, list(signature, rpcLimits.signatureStatuses));
      setting(configAt(values, 1), "searchTransactionHistory", boolean);
      return inContext(chain.numberAt("processed"), await Promise.all(ids.map(statusOf)));
    },
    getSignaturesForAddress: async (params) => {
      const values = positional(params, 2);
      const key = required(values, 0, address);
      const config = configAt(values, 1);
      const limit = setting(config, "limit", uint) ?? rpcLimits.signatures;
      if (limit === 0 || limit > rpcLimits.signatures)
        throw invalidParams(`Invalid limit; max ${rpcLimits.signatures}`);
      const head = chain.numberAt(commitmentOf(config));
      checkContextSlot(config, head);
      const places = (await history.of(key)).filter(({ number }) => number <= head);
      const before = await positionOf(places, setting(config, "before", signature));
      const until = await positionOf(places, setting(config, "until", signature));
      const start = before === undefined ? 0 : before + 1;
      const asked = places.slice(start, until).slice(0, limit);
      return (await Promise.all(asked.map(signatureInfo))).flat();
    },
  };
};
