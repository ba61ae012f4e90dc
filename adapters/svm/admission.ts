/** What can be said of a transaction without state: codec, signatures, compute units, fees. */
import { concatBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { RefusalCode, TransactionFacts } from "../adapter.ts";
import { type Fees, feesOf, foreseenTransfers, usesDurableNonce } from "./fees.ts";
import { executorLimits } from "./limits.ts";
import { decodeTransaction, type SvmTransaction } from "./transaction.ts";
import { bufferOf, type TreeModule, treeCall } from "./tree.ts";

export type Admitted = { transaction: SvmTransaction; fees: Fees; facts: TransactionFacts };

export type Admission = {
  inspect(bytes: Uint8Array): Result<Admitted, RefusalCode>;
  /** Whether all its signers signed it. */
  isSigned(transaction: SvmTransaction): boolean;
};

const factsOf = (transaction: SvmTransaction, { limit, price, fee }: Fees): TransactionFacts => ({
  nativeId: toHex(transaction.signatures[0] as Uint8Array),
  sender: toHex(transaction.keys[0] as Uint8Array),
  gas: limit,
  cost: fee + foreseenTransfers(transaction),
  price: { max: price, tip: price },
});

/** @param largest compute units that a transaction may ask for */
export const createAdmission = ({ allSigned }: TreeModule, largest: number): Admission => {
  /** By sha256 of the transaction; the oldest are forgotten first. */
  const verified = new Set<Hex>();

  const isSigned = ({ message, keys, signatures }: SvmTransaction): boolean =>
    treeCall(() =>
      allSigned(
        bufferOf(message),
        bufferOf(concatBytes(...keys.slice(0, signatures.length))),
        bufferOf(concatBytes(...signatures)),
      ),
    );

  const verify = (bytes: Uint8Array, transaction: SvmTransaction): boolean => {
    const id = toHex(sha256(bytes));
    if (verified.has(id)) return true;
    if (!isSigned(transaction)) return false;
    verified.add(id);
    if (verified.size > executorLimits.verified) for (const oldest of verified) return verified.delete(oldest);
    return true;
  };

  return {
    isSigned,
    inspect: (bytes) => {
      const decoded = decodeTransaction(bytes);
      if (!decoded.ok) return decoded;
      const transaction = decoded.value;
      if (usesDurableNonce(transaction)) {
        return failure("unsupported", "durable nonces are not taken: use a recent blockhash");
      }
      const fees = feesOf(transaction);
      if (!fees.ok) return fees;
      const { limit } = fees.value;
      if (limit > largest) {
        return failure(
          "gas_limit",
          `it asks for ${limit} compute units, at most ${largest} are given to one transaction`,
        );
      }
      if (!verify(bytes, transaction)) return failure("bad_signature", "a signature is not that of its signer");
      return success({ transaction, fees: fees.value, facts: factsOf(transaction, fees.value) });
    },
  };
};
