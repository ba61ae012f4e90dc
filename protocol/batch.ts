/** Batches: transactions on their way from the validator that took them into a block. */
import { ByteListType, ContainerType, ListBasicType, ListCompositeType } from "@chainsafe/ssz";
import { sha256 } from "./hash.ts";
import type { Domain, PublicKey, Root, Signature } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes48, bytes96, sszObject, uint32, uint64 } from "./ssz.ts";

/** A transaction in its VM's own signed bytes. */
export type BatchTransaction = {
  domain: Domain;
  /** Gas (compute units, L2 gas; bytes for `data`) that the producer declares. */
  gas: number;
  bytes: Uint8Array;
};

/** An encoded bundle, and the gas that the producer declares for each of its legs. */
export type BatchBundle = { gas: number[]; bytes: Uint8Array };

export type Batch = {
  producer: PublicKey;
  /** Strictly increases along the chain for one producer; may skip. */
  sequence: number;
  transactions: BatchTransaction[];
  bundles: BatchBundle[];
};

export type SignedBatch = { batch: Batch; signature: Signature };

const batchType = new ContainerType({
  producer: bytes48,
  sequence: uint64,
  transactions: new ListCompositeType(
    new ContainerType({ domain: uint32, gas: uint64, bytes: new ByteListType(limits.transactionBytes) }),
    limits.batchTransactions,
  ),
  bundles: new ListCompositeType(
    new ContainerType({
      gas: new ListBasicType(uint64, limits.bundleLegs),
      bytes: new ByteListType(limits.bundleBytes),
    }),
    limits.bundlesPerBlock,
  ),
});

export const Batch = sszObject<Batch>("Batch", batchType);
export const SignedBatch = sszObject<SignedBatch>(
  "SignedBatch",
  new ContainerType({ batch: batchType, signature: bytes96 }),
);

/** What headers name a batch by: sha256 of its encoding, without the signature. */
export const batchDigest = (batch: Batch): Root => sha256(Batch.encode(batch));

/** Lockstep's id of a transaction and its leaf in a slice. */
export const transactionId = (bytes: Uint8Array): Root => sha256(bytes);
