/** A batch that this node holds: decoded once, its digest and leaves hashed once. */
import { type BatchBundle, type BatchTransaction, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { Bundle, bundleLane } from "../../protocol/bundle.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { controlDomain } from "../../protocol/control.ts";
import { type Failure, failure, type LockstepError, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asPublicKey, type Domain, type PublicKey, type Root, type Signature } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Load, Loads } from "../control/capacity.ts";

/** A bundle of a batch, decoded. Says nothing yet of whether it can be executed. */
export type HeldBundle = {
  bundle: Bundle;
  bytes: Uint8Array;
  /** sha256 of the bytes as map key: the same bundle differently signed has another. */
  key: Hex;
  /** Declared for each leg. */
  gas: readonly number[];
  /** Leaf of each leg's transaction, also as map key. */
  leaves: readonly Root[];
  keys: readonly Hex[];
};

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
  bundles: readonly HeldBundle[];
  /** What it asks of each tenant's capacity. */
  loads: Loads;
  /** Bytes of the encoded batch, as they count towards a block. */
  size: number;
  /** Encoded `SignedBatch`, as it travels and is stored. */
  encoded: Uint8Array;
};

/** Everything in a batch as the mempool has it: transactions, then bundles in their own lane. */
export const pooledOf = ({
  transactions,
  keys,
  bundles,
}: HeldBatch): { domain: Domain; bytes: Uint8Array; key: Hex }[] => [
  ...transactions.map(({ domain, bytes }, i) => ({ domain, bytes, key: keys[i] as Hex })),
  ...bundles.map(({ bytes, key }) => ({ domain: bundleLane, bytes, key })),
];

/** In an encoded `SignedBatch` the batch itself comes last: after its offset and the signature. */
const batchOffset = 4 + 96;

const leavesOf = ({ batch }: SignedBatch): Root[] => batch.transactions.map(({ bytes }) => transactionId(bytes));

/** @throws LockstepError `undecodable` */
const holdBundle = ({ bytes, gas }: BatchBundle): HeldBundle => {
  const bundle = Bundle.decode(bytes);
  const leaves = bundle.legs.map(({ transaction }) => transactionId(transaction));
  return { bundle, bytes, key: toHex(sha256(bytes)), gas, leaves, keys: leaves.map(toHex) };
};

const loadsOf = (transactions: readonly BatchTransaction[], bundles: readonly HeldBundle[]): Loads => {
  const loads = new Map<Domain, Load>();
  const add = (domain: Domain, gas: number, bytes: number): Load => {
    const load = loads.get(domain) ?? { transactions: 0, gas: 0, bytes: 0, largest: 0, legGas: 0 };
    loads.set(domain, load);
    load.transactions++;
    load.gas += gas;
    load.bytes += bytes;
    load.largest = Math.max(load.largest, gas);
    return load;
  };
  for (const { domain, gas, bytes } of transactions) add(domain, gas, bytes.length);
  for (const { bundle, gas } of bundles) {
    for (const [i, { domain, transaction }] of bundle.legs.entries()) {
      const declared = gas[i] ?? 0;
      add(domain, declared, transaction.length).legGas += declared;
    }
  }
  return loads;
};

/** @throws LockstepError `undecodable` when a bundle is */
const heldFrom = ({ batch, signature }: SignedBatch, leaves: readonly Root[], encoded: Uint8Array): HeldBatch => {
  const body = encoded.subarray(batchOffset);
  const digest = sha256(body);
  const bundles = batch.bundles.map(holdBundle);
  return {
    digest,
    key: toHex(digest),
    producer: batch.producer,
    sequence: batch.sequence,
    signature,
    transactions: batch.transactions,
    leaves,
    keys: leaves.map(toHex),
    bundles,
    loads: loadsOf(batch.transactions, bundles),
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

/** Why a batch's bundle can't be, whatever its legs are. */
const refuteBundle = ({ bundle, gas }: HeldBundle): Failure<"bundle"> | undefined => {
  const { legs } = bundle;
  const refuse = (message: string): Failure<"bundle"> => ({ code: "bundle", message });
  if (legs.length < 2) return refuse("a bundle has at least two legs");
  if (gas.length !== legs.length) return refuse("gas is declared for each leg of a bundle");
  if (legs.some(({ domain }) => domain === controlDomain)) return refuse("no leg of a bundle is a control transaction");
  return legs.some(({ transaction }) => transaction.length === 0) ? refuse("a leg has at least one byte") : undefined;
};

/** Decodes what a peer or the disk gave. Says nothing yet of who signed it. */
export const decodeBatch = (encoded: Uint8Array): Result<HeldBatch> => {
  let signed: SignedBatch;
  let held: HeldBatch;
  try {
    signed = SignedBatch.decode(encoded);
    held = heldFrom(signed, leavesOf(signed), encoded);
  } catch (error) {
    return { ok: false, error: (error as LockstepError).failure };
  }
  if (held.size > limits.batchBytes) {
    return failure("batch_oversized", `a batch has at most ${limits.batchBytes} bytes, this one ${held.size}`);
  }
  if (held.transactions.length === 0 && held.bundles.length === 0) {
    return failure("batch_empty", "a batch holds at least one transaction or bundle");
  }
  for (const bundle of held.bundles) {
    const refutation = refuteBundle(bundle);
    if (refutation !== undefined) return { ok: false, error: refutation };
  }
  if (signed.batch.transactions.some(({ bytes }) => bytes.length === 0)) {
    return failure("transaction_empty", "a transaction has at least one byte");
  }
  return success(held);
};
