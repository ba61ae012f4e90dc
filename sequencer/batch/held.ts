/** A batch that this node holds: decoded once, its digest and leaves hashed once. */
import { type BatchTransaction, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, type LockstepError, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asPublicKey, type Domain, type PublicKey, type Root, type Signature } from "../../protocol/ids.ts";
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
  /** The leaves as map keys. */
  keys: readonly Hex[];
  /** What it asks of each tenant's capacity. */
  loads: Loads;
  /** Bytes of the encoded batch, as they count towards a block. */
  size: number;
  /** Encoded `SignedBatch`, as it travels and is stored. */
  encoded: Uint8Array;
};

/** In an encoded `SignedBatch` the batch itself comes last: after its offset and the signature. */
const batchOffset = 4 + 96;

const leavesOf = ({ batch }: SignedBatch): Root[] => batch.transactions.map(({ bytes }) => transactionId(bytes));

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

const heldFrom = ({ batch, signature }: SignedBatch, leaves: readonly Root[], encoded: Uint8Array): HeldBatch => {
  const body = encoded.subarray(batchOffset);
  const digest = sha256(body);
  return {
    digest,
    key: toHex(digest),
    producer: batch.producer,
    sequence: batch.sequence,
    signature,
    transactions: batch.transactions,
    leaves,
    keys: leaves.map(toHex),
    loads: loadsOf(batch.transactions),
    size: body.length,
    encoded,
  };
};

/** `leaves` are those of the batch's transactions. */
export const holdBatch = (signed: SignedBatch, leaves: readonly Root[] = leavesOf(signed)): HeldBatch =>
  heldFrom(signed, leaves, SignedBatch.encode(signed));

/** What stands at fixed places of an encoded batch, read without decoding the rest; `undefined` where it is too short. */
export const peekBatch = (
  encoded: Uint8Array,
): Pick<HeldBatch, "key" | "digest" | "producer" | "sequence"> | undefined => {
  const body = encoded.subarray(batchOffset);
  if (body.length < 56) return undefined;
  const digest = sha256(body);
  const sequence = new DataView(body.buffer, body.byteOffset + 48).getBigUint64(0, true);
  return { key: toHex(digest), digest, producer: asPublicKey(body.slice(0, 48)), sequence: Number(sequence) };
};

/** Decodes what a peer or the disk gave. Says nothing yet of who signed it. */
export const decodeBatch = (encoded: Uint8Array): Result<HeldBatch> => {
  let signed: SignedBatch;
  try {
    signed = SignedBatch.decode(encoded);
  } catch (error) {
    return { ok: false, error: (error as LockstepError).failure };
  }
  const held = heldFrom(signed, leavesOf(signed), encoded);
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
