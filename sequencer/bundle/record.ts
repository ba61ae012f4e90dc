/** What the node keeps of a height with bundles or credited deposits: enough for each tenant to execute it again alone. */
import { ByteListType, ContainerType, ListBasicType, ListCompositeType } from "@chainsafe/ssz";
import type { BundleStep, Exclusion } from "../../adapters/adapter.ts";
import type { BundleFee } from "../../protocol/bundle.ts";
import { asBundleId, type BundleId, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { bytes32, sszObject, uint8, uint32, uint64, uint128 } from "../../protocol/ssz.ts";
import { type HopelessCount, hopelessCountsType } from "../../protocol/summary.ts";
import { Account } from "./accounts.ts";

/** Wire numbers of how a bundle ended. */
export const bundleEndings = { committed: 1, aborted: 2, skipped: 3 } as const;
export type BundleEnding = keyof typeof bundleEndings;

export type BundleRecord = {
  /** sha256 of its encoding. */
  key: Root;
  /** Zero where it has none, being void. */
  id: BundleId;
  /** Wire number from `bundleEndings`. */
  ending: number;
  /** A stable code in UTF-8; empty when committed. */
  reason: Uint8Array;
  /** The leg that it failed at, or no leg; and what its VM said, in UTF-8. */
  failedLeg: number[];
  failure: Uint8Array;
  charged: BundleFee[];
  /** Where its legs stand: the position in the tenant's slice. */
  legs: { domain: Domain; index: number }[];
};

/** A step as it is stored: the bytes of a leg stand in its batch. */
type StepRecord = { kind: number; bytes: Uint8Array; bundle: BundleId; index: number; gas: number[] };

/** What bundles are to a tenant: what is applied to it, in order, and the legs that are left out. */
export type TenantSteps = {
  domain: Domain;
  steps: StepRecord[];
  left: { index: number; reason: Uint8Array }[];
};

export type LedgerRecord = {
  height: Height;
  accountsRoot: Root;
  /** In block order. */
  bundles: BundleRecord[];
  /** Increasing by domain. */
  tenants: TenantSteps[];
  hopeless: HopelessCount[];
  /** Accounts that changed: as they are after the height, and as they were before, where they were. */
  after: Account[];
  before: Account[];
};

const stepKinds = { write: 1, leg: 2 } as const;

export const LedgerRecord = sszObject<LedgerRecord>(
  "LedgerRecord",
  new ContainerType({
    height: uint64,
    accountsRoot: bytes32,
    bundles: new ListCompositeType(
      new ContainerType({
        key: bytes32,
        id: bytes32,
        ending: uint8,
        reason: new ByteListType(64),
        failedLeg: new ListBasicType(uint8, 1),
        failure: new ByteListType(1024),
        charged: new ListCompositeType(new ContainerType({ domain: uint32, amount: uint128 }), limits.bundleLegs),
        legs: new ListCompositeType(new ContainerType({ domain: uint32, index: uint32 }), limits.bundleLegs),
      }),
      limits.bundlesPerBlock,
    ),
    tenants: new ListCompositeType(
      new ContainerType({
        domain: uint32,
        steps: new ListCompositeType(
          new ContainerType({
            kind: uint8,
            bytes: new ByteListType(limits.inputBytes),
            bundle: bytes32,
            index: uint32,
            gas: new ListBasicType(uint64, limits.batchesPerBlock),
          }),
          2 ** 20,
        ),
        left: new ListCompositeType(
          new ContainerType({ index: uint32, reason: new ByteListType(64) }),
          limits.sliceEntries,
        ),
      }),
      limits.tenants,
    ),
    hopeless: hopelessCountsType,
    after: new ListCompositeType(Account.type, 2 ** 32),
    before: new ListCompositeType(Account.type, 2 ** 32),
  }),
);

const none = new Uint8Array();
const noBundle = asBundleId(new Uint8Array(32));

export const recordStep = (step: BundleStep): StepRecord =>
  step.kind === "write"
    ? { kind: stepKinds.write, bytes: step.bytes, bundle: noBundle, index: 0, gas: [] }
    : { kind: stepKinds.leg, bytes: none, bundle: step.leg.bundle, index: step.leg.index, gas: [...step.leg.gas] };

/** @param bytesAt bytes of an entry of the tenant's slice */
export const stepOf = (
  { kind, bytes, bundle, index, gas }: StepRecord,
  bytesAt: (index: number) => Uint8Array,
): BundleStep =>
  kind === stepKinds.write
    ? { kind: "write", bytes }
    : { kind: "leg", leg: { bytes: bytesAt(index), gas, bundle, index } };

export const reasonOf = (reason: Uint8Array): Exclusion => new TextDecoder().decode(reason) as Exclusion;
