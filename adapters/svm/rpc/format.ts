/** Accounts, transactions and their outcomes as Solana's JSON-RPC shows them. */

import { invalidParams } from "../../jsonRpc/error.ts";
import type { SvmAccount } from "../account.ts";
import { toBase58 } from "../base58.ts";
import type { InnerInstruction, Outcome } from "../engine.ts";
import type { TokenBalance } from "../receipt.ts";
import { errorJson } from "../transactionError.ts";
import type { ChainTransaction } from "./blocks.ts";
import type { Encoding, Slice } from "./params.ts";
import { parsedToken, tokenAmount } from "./parsed.ts";

export const base64Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** Longest data that is shown in base58. */
const base58Bytes = 128;

type DataEncoding = Exclude<Encoding, "base64+zstd"> | undefined;

const dataJson = (data: Uint8Array, encoding: DataEncoding): unknown => {
  if (encoding === "base64" || encoding === "jsonParsed") return [base64Of(data), "base64"];
  if (data.length > base58Bytes) {
    throw invalidParams("Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.");
  }
  return encoding === "base58" ? [toBase58(data), "base58"] : toBase58(data);
};

/**
 * An account; without an encoding its data is bare base58. `mint` gives the decimals of a token account's mint,
 * for `jsonParsed`.
 */
export const accountJson = (
  account: SvmAccount,
  encoding: DataEncoding,
  slice?: Slice,
  decimals?: number,
): Record<string, unknown> => {
  const { data, lamports, owner, executable, rentEpoch } = account;
  const shown = slice === undefined ? data : data.subarray(slice.offset, slice.offset + slice.length);
  const parsed = encoding === "jsonParsed" ? parsedToken(account, decimals) : undefined;
  return {
    data: parsed ?? dataJson(shown, encoding),
    executable,
    lamports,
    owner: toBase58(owner),
    rentEpoch,
    space: data.length,
  };
};

export const returnDataJson = (returnData: Outcome["returnData"]) =>
  returnData === undefined
    ? null
    : { programId: toBase58(returnData.program), data: [base64Of(returnData.data), "base64"] };

const tokenBalanceJson = ({ account, mint, owner, program, amount, decimals }: TokenBalance) => ({
  accountIndex: account,
  mint: toBase58(mint),
  owner: toBase58(owner),
  programId: toBase58(program),
  uiTokenAmount: tokenAmount(amount, decimals),
});

type Compiled = { program: number; accounts: Uint8Array; data: Uint8Array };

const compiledJson = ({ program, accounts, data }: Compiled, stackHeight: number | null) => ({
  programIdIndex: program,
  accounts: [...accounts],
  data: toBase58(data),
  stackHeight,
});

/** What `jsonParsed` shows of an instruction whose program nobody here can read. */
const decodedJson = ({ program, accounts, data }: Compiled, stackHeight: number | null, keys: readonly string[]) => ({
  programId: keys[program],
  accounts: [...accounts].map((index) => keys[index]),
  data: toBase58(data),
  stackHeight,
});

/** Inner instructions by their top-level instruction; those without any are left out. */
export const innerJson = (
  inner: readonly (readonly InnerInstruction[])[],
  show: (instruction: InnerInstruction) => unknown = (each) => compiledJson(each, each.stackHeight),
) =>
  inner.flatMap((instructions, index) =>
    instructions.length === 0 ? [] : [{ index, instructions: instructions.map(show) }],
  );

export type TransactionEncoding = "json" | "jsonParsed" | "base58" | "base64";

const messageJson = ({ transaction }: ChainTransaction) => {
  const { version, signatures, keys, readonlySigned, readonlyUnsigned, recentBlockhash, instructions, lookups } =
    transaction;
  return {
    header: {
      numRequiredSignatures: signatures.length,
      numReadonlySignedAccounts: readonlySigned,
      numReadonlyUnsignedAccounts: readonlyUnsigned,
    },
    accountKeys: keys.map(toBase58),
    recentBlockhash: toBase58(recentBlockhash),
    instructions: instructions.map((each) => compiledJson(each, 1)),
    ...(version === "legacy"
      ? {}
      : {
          addressTableLookups: lookups.map(({ table, writable, readonly }) => ({
            accountKey: toBase58(table),
            writableIndexes: [...writable],
            readonlyIndexes: [...readonly],
          })),
        }),
  };
};

const parsedMessageJson = ({ transaction, keys, isWritable }: ChainTransaction) => {
  const names = keys.map(toBase58);
  return {
    accountKeys: names.map((pubkey, index) => ({
      pubkey,
      signer: index < transaction.signatures.length,
      source: index < transaction.keys.length ? "transaction" : "lookupTable",
      writable: isWritable(index),
    })),
    recentBlockhash: toBase58(transaction.recentBlockhash),
    instructions: transaction.instructions.map((each) => decodedJson(each, 1, names)),
  };
};

export const transactionJson = (each: ChainTransaction, encoding: TransactionEncoding): unknown => {
  if (encoding === "base64") return [base64Of(each.bytes), "base64"];
  if (encoding === "base58") return [toBase58(each.bytes), "base58"];
  const message = encoding === "json" ? messageJson(each) : parsedMessageJson(each);
  return { signatures: each.transaction.signatures.map(toBase58), message };
};

export const metaJson = ({ receipt, keys }: ChainTransaction, encoding: TransactionEncoding) => {
  const { error, fee, before, after, inner, logs, loaded, returnData, unitsConsumed } = receipt;
  const err = error === undefined ? null : errorJson(error);
  const names = encoding === "jsonParsed" ? keys.map(toBase58) : [];
  return {
    err,
    status: err === null ? { Ok: null } : { Err: err },
    fee,
    preBalances: before.lamports,
    postBalances: after.lamports,
    innerInstructions:
      encoding === "jsonParsed"
        ? innerJson(inner, (each) => decodedJson(each, each.stackHeight, names))
        : innerJson(inner),
    logMessages: logs,
    preTokenBalances: before.tokens.map(tokenBalanceJson),
    postTokenBalances: after.tokens.map(tokenBalanceJson),
    rewards: [],
    loadedAddresses: { writable: loaded.writable.map(toBase58), readonly: loaded.readonly.map(toBase58) },
    ...(returnData === undefined ? {} : { returnData: returnDataJson(returnData) }),
    computeUnitsConsumed: unitsConsumed,
  };
};
