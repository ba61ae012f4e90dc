/** What executing a height came to: validators attest to its root. */
import { BooleanType, ContainerType, ListCompositeType } from "@chainsafe/ssz";
import type { Domain, Epoch, Height, PublicKey, Revision, Root, Signature, ValidatorIndex } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, bytes48, bytes96, sszObject, uint8, uint32, uint64 } from "./ssz.ts";

/** Wire numbers of a tenant's status. */
export const tenantStatuses = { active: 1, paused: 2, retired: 3, registered: 4 } as const;
export type TenantStatusName = keyof typeof tenantStatuses;
export type TenantStatus = (typeof tenantStatuses)[TenantStatusName];

export const tenantStatusName = (status: TenantStatus): TenantStatusName =>
  (Object.keys(tenantStatuses) as TenantStatusName[]).find((name) => tenantStatuses[name] === status) ?? "registered";

export type TenantSummary = {
  domain: Domain;
  /** Native block number: height minus the height of activation. */
  number: number;
  blockHash: Root;
  stateRoot: Root;
  /** Commits to what the adapter keeps outside native state. */
  auxRoot: Root;
  receiptsRoot: Root;
  /** Root of the tenant's inputs at this height (`inputs.ts`). */
  inputsRoot: Root;
  outboxRoot: Root;
  outboxCount: number;
  gasUsed: number;
  status: TenantStatus;
};

export type BundleOutcome = { id: Root; committed: boolean };

/** How many transactions that the certified state already refused a producer had ordered in a block. */
export type HopelessCount = { producer: PublicKey; count: number };

export const hopelessCountsType = new ListCompositeType(
  new ContainerType({ producer: bytes48, count: uint32 }),
  limits.validators,
);

export type Summary = {
  epoch: Epoch;
  height: Height;
  revision: Revision;
  /** Root of the header that was executed. */
  header: Root;
  /** Root of the summary of the height before. */
  previous: Root;
  timestampMs: number;
  accountsRoot: Root;
  tenants: TenantSummary[];
  bundles: BundleOutcome[];
  /** Increasing by producer. */
  hopeless: HopelessCount[];
};

export const TenantSummary = sszObject<TenantSummary>(
  "TenantSummary",
  new ContainerType({
    domain: uint32,
    number: uint64,
    blockHash: bytes32,
    stateRoot: bytes32,
    auxRoot: bytes32,
    receiptsRoot: bytes32,
    inputsRoot: bytes32,
    outboxRoot: bytes32,
    outboxCount: uint32,
    gasUsed: uint64,
    status: uint8,
  }),
);

export const Summary = sszObject<Summary>(
  "Summary",
  new ContainerType({
    epoch: uint64,
    height: uint64,
    revision: uint64,
    header: bytes32,
    previous: bytes32,
    timestampMs: uint64,
    accountsRoot: bytes32,
    tenants: new ListCompositeType(TenantSummary.type, limits.tenants),
    bundles: new ListCompositeType(
      new ContainerType({ id: bytes32, committed: new BooleanType() }),
      limits.bundlesPerBlock,
    ),
    hopeless: hopelessCountsType,
  }),
);

/** A validator's signature under a summary. */
export type Attestation = {
  epoch: Epoch;
  height: Height;
  revision: Revision;
  summaryRoot: Root;
  signer: ValidatorIndex;
  signature: Signature;
};

export const Attestation = sszObject<Attestation>(
  "Attestation",
  new ContainerType({
    epoch: uint64,
    height: uint64,
    revision: uint64,
    summaryRoot: bytes32,
    signer: uint32,
    signature: bytes96,
  }),
);
