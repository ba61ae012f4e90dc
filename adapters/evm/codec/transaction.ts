/** Raw EVM transactions, taken apart for display. Validity is the engine's word, not that of this file. */
import { type Hash, keccak256, parseTransaction, type TransactionSerializable } from "viem";
import { toHex } from "../../../protocol/bytes.ts";
import { failure, type Result, success } from "../../../protocol/errors.ts";

export type DecodedTransaction = TransactionSerializable & {
  hash: Hash;
  type: "legacy" | "eip2930" | "eip1559" | "eip7702";
};

const isSupported = (transaction: TransactionSerializable & { hash: Hash }): transaction is DecodedTransaction =>
  transaction.type === "legacy" ||
  transaction.type === "eip2930" ||
  transaction.type === "eip1559" ||
  transaction.type === "eip7702";

/** Fields of a signed transaction under viem's names, `r`, `s`, `v` and `yParity` among them. */
export const decodeTransaction = (bytes: Uint8Array): Result<DecodedTransaction, "undecodable" | "unsupported"> => {
  const raw = toHex(bytes);
  let parsed: TransactionSerializable;
  try {
    parsed = parseTransaction(raw) as TransactionSerializable;
  } catch (cause) {
    return failure("undecodable", `not an Ethereum transaction: ${(cause as Error).message.split("\n", 1)[0]}`);
  }
  const transaction = { ...parsed, hash: keccak256(raw) };
  return isSupported(transaction)
    ? success(transaction)
    : failure("unsupported", `transactions of type ${transaction.type} are not taken`);
};
