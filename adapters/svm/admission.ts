/** What can be said of a transaction without state: codec, signatures, compute units, fees. */
import { concatBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { RefusalCode, TransactionFacts } from "../adapter.ts";
import { onlyWriters } from "../writers.ts";
import { fromBase58 } from "./base58.ts";
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

/** As `factsOf` writes a sender. */
const writerKey = (writer: string): Hex => {
  const key = fromBase58(writer, 32);
  if (key === undefined)
    throw new LockstepError("bad_config", `config of an SVM tenant: its writer ${writer} is no address`);
  return toHex(key);
};

const factsOf = (transaction: SvmTransaction, { limit, price, fee }: Fees): TransactionFacts => ({
  nativeId: toHex(transaction.signatures[0] as Uint8Array),
  sender: toHex(transaction.keys[0] as Uint8Array),
  gas: limit,
  cost: fee + foreseenTransfers(transaction),
  price: { max: price, tip: price },
});

/**
 * @param largest compute units that a transaction may ask for
 * @param writers fee payers that may write, in base58; absent: anybody
 * @throws LockstepError `bad_config` where a writer is no address
 */
export const createAdmission = (
  { allSigned }: TreeModule,
  largest: number,
  writers: readonly string[] | undefined,
): Admission => {
  const checkWriter = onlyWriters(writers?.map(writerKey));
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
      const written = checkWriter(success(factsOf(transaction, fees.value)));
      return written.ok ? success({ transaction, fees: fees.value, facts: written.value }) : written;
    },
  };
};
