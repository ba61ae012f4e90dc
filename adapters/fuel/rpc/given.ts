/** Transactions as callers give them. */
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import { decodeTransaction } from "../codec.ts";
import type { FuelTransaction } from "../transaction.ts";
import { apiError } from "./context.ts";

export const bytesOf = (tx: Hex): Uint8Array => fromHex(tx) ?? new Uint8Array(0);

/** @throws GraphQLError when it is none */
export const decodedTransaction = (bytes: Uint8Array): FuelTransaction => {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw apiError(decoded.error.code, decoded.error.message);
  return decoded.value;
};
