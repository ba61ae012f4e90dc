/** A batch that this node holds: decoded once, its digest and leaves hashed once. */
import { type BatchTransaction, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, type LockstepError, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { Domain, PublicKey, Root, Signature } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Load, Loads } from "../control/capacity.ts";

export type HeldBatch = {
  digest: Root;
  /** The digest as map key. */
  key: Hex;
  producer: PublicKey;
  sequence: number;
  signature: Signature;
  transactions: readonly BatchTransaction[];
  /** Leaf of each transaction: Lockstep's id. */
  leaves: readonly Root[];
  /** What it asks of each tenant's capacity. */
  loads: Loads;
  /** Bytes of the encoded batch, as they count towards a block. */
  size: number;
  /** Encoded `SignedBatch`, as it travels and is stored. */
  encoded: Uint8Array;
};

/** In an encoded `SignedBatch` the batch itself comes last: after its offset and the signature. */
const batchOffset = 4 + 96;

const loadsOf = (transactions: readonly BatchTransaction[]): Loads => {
  const loads = new Map<Domain, Load>();
  for (const { domain, gas, bytes } of transactions) {
    const load = loads.get(domain) ?? { transactions: 0, gas: 0, bytes: 0, largest: 0 };
    loads.set(domain, load);
    load.transactions++;
    load.gas += gas;
    load.bytes += bytes.length;
    load.largest = Math.max(load.largest, gas);
  }
  return loads;
};

const heldFrom = ({ batch, signature }: SignedBatch, encoded: Uint8Array): HeldBatch => {
  const body = encoded.subarray(batchOffset);
  const digest = sha256(body);
  return {
    digest,
    key: toHex(digest),
    producer: batch.producer,
    sequence: batch.sequence,
    signature,
    transactions: batch.transactions,
    leaves: batch.transactions.map(({ bytes }) => transactionId(bytes)),
    loads: loadsOf(batch.transactions),
    size: body.length,
    encoded,
  };
};

export const holdBatch = (signed: SignedBatch): HeldBatch => heldFrom(signed, SignedBatch.encode(signed));

/** Decodes what a peer or the disk gave. Says nothing yet of who signed it. */
export const decodeBatch = (encoded: Uint8Array): Result<HeldBatch> => {
  let signed: SignedBatch;
  try {
    signed = SignedBatch.decode(encoded);
  } catch (error) {
    return { ok: false, error: (error as LockstepError).failure };
  }
  const held = heldFrom(signed, encoded);
  if (held.size > limits.batchBytes) {
    return failure("batch_oversized", `a batch has at most ${limits.batchBytes} bytes, this one ${held.size}`);
  }
  if (signed.batch.transactions.length === 0) return failure("batch_empty", "a batch holds at least one transaction");
  if (signed.batch.bundles.length > 0) return failure("bundles_unsupported", "this network takes no bundles yet");
  if (signed.batch.transactions.some(({ bytes }) => bytes.length === 0)) {
    return failure("transaction_empty", "a transaction has at least one byte");
  }
  return success(held);
};
