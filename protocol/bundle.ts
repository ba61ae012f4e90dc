/**
 * Atomic bundles: transactions of several tenants that are executed all or none, in one block. What names a bundle is
 * in what each of its signers signs, so no leg of it can be used without the others.
 */
import { ByteListType, ByteVectorType, ContainerType, ListBasicType, ListCompositeType } from "@chainsafe/ssz";
import { equalBytes } from "./bytes.ts";
import type { Result } from "./errors.ts";
import type { Vm } from "./genesis.ts";
import { sha256 } from "./hash.ts";
import { asBundleId, type BundleId, type Domain, type Height, type Root, type Sponsor } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, sszObject, uint32, uint64, uint128 } from "./ssz.ts";

/** The lane in which bundles wait for a batch: no tenant's domain. */
export const bundleLane = 0xffff_ffff as Domain;

export type BundleLeg = {
  domain: Domain;
  /** In its VM's own signed bytes. */
  transaction: Uint8Array;
  /** Where the bundle's id stands in the transaction's unsigned bytes; strictly increasing. */
  idOffsets: number[];
};

/** The most that a sponsor pays at a tenant, in the smallest unit of the tenant's own currency. */
export type BundleFee = { domain: Domain; amount: bigint };

/** An order that a bundle fills, and what it pays. Nothing takes these yet. */
export type BundleFill = { order: Root; pays: bigint };

export type Bundle = {
  /** In the order of their execution; of at least two domains. */
  legs: BundleLeg[];
  /** Newest height at which it may be executed. */
  notAfter: Height;
  sponsor: Sponsor;
  /** Unordered: of the sponsor's bundles that may still be executed, one with this nonce is. */
  nonce: number;
  /** One for each domain of the legs, strictly increasing by domain. */
  fee: BundleFee[];
  fills: BundleFill[];
  /** The sponsor's (Ed25519), under `sponsorDigest`. */
  signature: Uint8Array;
};

const feeType = new ListCompositeType(new ContainerType({ domain: uint32, amount: uint128 }), limits.bundleLegs);
const fillsType = new ListCompositeType(new ContainerType({ order: bytes32, pays: uint128 }), limits.bundleFills);
const offsetsType = new ListBasicType(uint32, limits.idOffsets);

export const Bundle = sszObject<Bundle>(
  "Bundle",
  new ContainerType({
    legs: new ListCompositeType(
      new ContainerType({
        domain: uint32,
        transaction: new ByteListType(limits.transactionBytes),
        idOffsets: offsetsType,
      }),
      limits.bundleLegs,
    ),
    notAfter: uint64,
    sponsor: bytes32,
    nonce: uint64,
    fee: feeType,
    fills: fillsType,
    signature: new ByteVectorType(64),
  }),
);

/** What a bundle's id is made of: each leg in its unsigned bytes, zeros where the id will stand. */
export type BundleBody = {
  genesis: Root;
  sponsor: Sponsor;
  nonce: number;
  notAfter: Height;
  legs: { domain: Domain; unsigned: Uint8Array; idOffsets: number[] }[];
};

export const BundleBody = sszObject<BundleBody>(
  "BundleBody",
  new ContainerType({
    genesis: bytes32,
    sponsor: bytes32,
    nonce: uint64,
    notAfter: uint64,
    legs: new ListCompositeType(
      new ContainerType({
        domain: uint32,
        unsigned: new ByteListType(limits.transactionBytes),
        idOffsets: offsetsType,
      }),
      limits.bundleLegs,
    ),
  }),
);

export const bundleIdBytes = 32;

/** `bytes` with `id` at each offset, or zeros without an id. Offsets must lie within. */
export const withId = (bytes: Uint8Array, idOffsets: readonly number[], id?: BundleId): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  for (const offset of idOffsets) {
    if (id === undefined) copy.fill(0, offset, offset + bundleIdBytes);
    else copy.set(id, offset);
  }
  return copy;
};

/** sha256 of the body's encoding, its top byte zero so that it fits a Cairo felt. Zeroes the id's places itself. */
export const bundleId = (body: BundleBody): BundleId => {
  const legs = body.legs.map((leg) => ({ ...leg, unsigned: withId(leg.unsigned, leg.idOffsets) }));
  const id = Uint8Array.from(sha256(BundleBody.encode({ ...body, legs })));
  id[0] = 0;
  return asBundleId(id);
};

/** Whether `unsigned` has the id at each of the offsets, which don't overlap and lie within. */
export const hasIdAt = (unsigned: Uint8Array, idOffsets: readonly number[], id: BundleId): boolean => {
  let from = 0;
  return idOffsets.every((offset) => {
    const fits = offset >= from && offset + bundleIdBytes <= unsigned.length;
    from = offset + bundleIdBytes;
    return fits && equalBytes(unsigned.subarray(offset, from), id);
  });
};

type Approval = { id: BundleId; fee: BundleFee[]; fills: BundleFill[]; legs: Root[] };

const Approval = sszObject<Approval>(
  "BundleApproval",
  new ContainerType({
    id: bytes32,
    fee: feeType,
    fills: fillsType,
    legs: new ListCompositeType(bytes32, limits.bundleLegs),
  }),
);

/** What the sponsor signs: the id, what it pays, and sha256 of each leg's full signed bytes. */
export const sponsorDigest = (id: BundleId, { fee, fills, legs }: Pick<Bundle, "fee" | "fills" | "legs">): Root =>
  sha256(Approval.encode({ id, fee, fills, legs: legs.map(({ transaction }) => sha256(transaction)) }));

/** What the gas of a bundle costs its sponsor when the bundle is undone; a bundle that is kept costs it nothing. */
export type BundleRate = {
  /** For each leg, whatever it used. */
  baseGas: number;
  /** Of 1,000 gas, in the smallest unit of the tenant's currency. */
  price: bigint;
};

/** Wire format: what a sponsor is charged is in the root of the accounts. */
export const bundleRates: Readonly<Partial<Record<Vm, BundleRate>>> = {
  evm: { baseGas: 21_000, price: 10n ** 12n },
  svm: { baseGas: 5_000, price: 1_000n },
  cairo: { baseGas: 1_000_000, price: 10n ** 12n },
  fuel: { baseGas: 50_000, price: 20n },
};

/** What `gas` of one leg costs, rounded up. */
export const legCharge = ({ baseGas, price }: BundleRate, gas: number): bigint =>
  (BigInt(baseGas + gas) * price + 999n) / 1000n;

/** Why a transaction can't be a leg. */
export type LegRefusal = "undecodable" | "unsupported" | "marker_missing" | "marker_repeated";

/** What a VM says of a transaction that is to be a leg. */
export type LegFacts = {
  /** Its native bytes without signatures, as far as these can be told apart: all that a signer signs is in them. */
  unsigned: Uint8Array;
  /** Where in these the id stands that marks it as a leg. */
  marker: number;
};

/** Reads a leg strictly, without engine or state. */
export type ReadLeg = (transaction: Uint8Array) => Result<LegFacts, LegRefusal>;

/** What a contract says to a contract of another tenant, to be consumed within the bundle. Addresses have 32 bytes. */
export type SyncMessage = {
  origin: Domain;
  /** Smaller addresses are padded with zeros in front. */
  sender: Uint8Array;
  destination: Domain;
  recipient: Uint8Array;
  /** Chosen by the sender, u32. */
  index: number;
  /** At most `limits.syncBodyBytes`. */
  body: Uint8Array;
};

/** What a recipient names a message by. */
export type SyncKey = Omit<SyncMessage, "body">;
