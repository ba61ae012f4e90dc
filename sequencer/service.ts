/** What a node offers to the surfaces on top of it: HTTP API, stream, tenants' RPC, command line. */
import type { SimulatedLeg, TenantBlock } from "../adapters/adapter.ts";
import type { FinalizedBlock } from "../consensus/application.ts";
import type { TenantBudget } from "../protocol/budget.ts";
import type { Bundle, BundleFee } from "../protocol/bundle.ts";
import type { Hex } from "../protocol/bytes.ts";
import type { Result } from "../protocol/errors.ts";
import type { Genesis, Vm } from "../protocol/genesis.ts";
import type { Certified } from "../protocol/header.ts";
import type {
  BundleId,
  Domain,
  Epoch,
  Height,
  PublicKey,
  Revision,
  Root,
  Sponsor,
  ValidatorIndex,
} from "../protocol/ids.ts";
import type { Input } from "../protocol/inputs.ts";
import type { OrderingTenant } from "../protocol/ordering.ts";
import type { SliceProof } from "../protocol/payload.ts";
import type { Summary, TenantStatusName } from "../protocol/summary.ts";
import type { Registration } from "../protocol/tenant.ts";
import type { ValidatorSet } from "../protocol/validators.ts";
import type { BundleFailure } from "./bundle/run.ts";
import type { Quarantine } from "./pipeline/quarantine.ts";

type TenantLine = {
  domain: Domain;
  name: string;
  vm: Vm;
  status: TenantStatusName;
  /** URLs of the tenant's own API at this node; absent where the VM has none. */
  rpc?: string;
  ws?: string;
};

/** A tenant as this node executes it. */
export type TenantInfo = TenantLine & {
  /** Newest height that this node has executed it at; absent where it does not run it. */
  executed?: Height;
  /** Why this node doesn't execute it any further, and at which height. */
  quarantine?: Quarantine;
};

/** A tenant of the ordering state, with what its owner decided. */
export type TenantDetail = TenantLine & {
  owner: PublicKey;
  /** None where anybody may write. */
  writers: string[];
  budget: TenantBudget;
  /** As registered; 0 where the VM has no API of its own. */
  port: number;
  /** Of the last change of its status. */
  sequence: number;
  /** Validators that run its engine, while it is registered only. */
  ready?: number;
  activatedAt?: Height;
  /** What the next block may take of it, before what accrues until then. */
  capacity: { gas: number; bytes: number };
};

/** `branch` leads from the root of `tenant`, at `index` of the ordering state's tenants, to the header's `controlRoot`. */
export type TenantProof = {
  block: FinalizedBlock;
  index: number;
  tenant: OrderingTenant;
  branch: Root[];
  registration: Registration;
};

export type NodeStatus = {
  genesis: Root;
  index: ValidatorIndex;
  epoch: Epoch;
  view: number;
  /** Views of this epoch that were nullified, as far as this node saw. */
  nullifiedViews: number;
  /** Newest finalized, executed and certified heights. */
  finalized: Height;
  executed: Height;
  certified: Height;
  /** How many recoveries the validators agreed to. */
  revision: Revision;
  peers: ValidatorIndex[];
  mempool: { transactions: number; bytes: number };
  tenants: TenantInfo[];
  /** Validators that said, signed, that they can't execute a tenant from a height on; this node's own word included. */
  cannot: { validator: ValidatorIndex; domain: Domain; height: Height }[];
};

/**
 * pending → ordered → executed or omitted; or replaced, expired, evicted without being ordered.
 * Every acknowledged id ends in one of the last five.
 */
export type TransactionStatus = {
  id: Root;
  domain: Domain;
  /** Absent for what a block left out: it may not even be decodable. */
  nativeId?: Hex;
  status: "pending" | "ordered" | "executed" | "omitted" | "replaced" | "expired" | "evicted";
  /** Height that ordered it. */
  height?: Height;
  /** Position among the tenant's inputs of that height that are transactions, when executed. */
  index?: number;
  succeeded?: boolean;
  /** Why it was omitted. */
  reason?: string;
};

/**
 * pending → ordered → committed, aborted or skipped; or expired, evicted without being ordered. `skipped`: it was not
 * executed, since it is void, came too late or a second time, or its sponsor had not enough.
 */
export type BundleStatus = {
  id: BundleId;
  status: "pending" | "ordered" | "committed" | "aborted" | "skipped" | "expired" | "evicted";
  /** Height that ordered it. */
  height?: Height;
  /** In the order of their execution. `nativeId` is there once it is committed. */
  legs: { domain: Domain; id: Root; nativeId?: Hex }[];
  /** Position among the summary's bundles of that height, when it was committed or aborted. */
  index?: number;
  /** A stable code: why it was not committed. */
  reason?: string;
  /** The leg that it failed at, and what its VM said to that. */
  failedLeg?: number;
  failure?: string;
  /** What the sponsor paid; one for each domain that it paid something at. */
  charged: BundleFee[];
};

/** A bundle as it would come out on top of the newest executed blocks; nobody's signature but the legs' is needed. */
export type BundleSimulation = {
  id: BundleId;
  committed: boolean;
  /** Why it would not be committed: a stable code, the leg, and what its VM says. */
  failure?: BundleFailure;
  /** Of the legs that were executed, in order. */
  legs: SimulatedLeg[];
  /** What the sponsor would pay. */
  charged: BundleFee[];
};

/**
 * What a sponsor has at each tenant after the newest executed height, in the smallest unit of its currency; `deposited` is
 * what of it can be withdrawn. Withdrawals are paid at the height `due`.
 */
export type SponsorAccount = {
  sponsor: Sponsor;
  balances: { domain: Domain; amount: bigint; deposited: bigint }[];
  withdrawals: { domain: Domain; amount: bigint; recipient: Uint8Array; due: Height }[];
};

/** What was ordered for a tenant at a height, and what became of it. */
export type TenantSlice = {
  block: FinalizedBlock;
  domain: Domain;
  /** Bytes of the entries as ordered; their leaves are `sha256` of them. */
  entries: Uint8Array[];
  proof: SliceProof;
  /** Absent until the height is executed. */
  inputs?: Input[];
};

/** A final execution certificate: a finalized header that carries it, and the summary under it. */
export type FinalCertificate = { carrier: FinalizedBlock; certified: Certified; summary: Summary };

/** A validator set, and for epochs above 0 the finalized last header of the epoch before, which names it. */
export type EpochInfo = { set: ValidatorSet; transition?: FinalizedBlock };

export type NodeEvent =
  | { type: "finalized"; block: FinalizedBlock }
  | { type: "executed"; summary: Summary; summaryRoot: Root }
  | { type: "certified"; height: Height; carrier: Height }
  | { type: "tenant"; block: TenantBlock };

export type NodeService = {
  genesis: Genesis;
  genesisRoot: Root;
  status(): NodeStatus;
  /**
   * Takes a tenant's transactions in; each is acknowledged (journaled by this node and f peers) or refused.
   * Codes: `unknown_tenant`, those of `RefusalCode`, and `already_known`, `replacement_underpriced`,
   * `sender_full`, `lane_full`, `unavailable`.
   */
  submit(domain: Domain, transactions: readonly Uint8Array[]): Promise<Result<{ id: Root; nativeId: Hex }>[]>;
  /**
   * Takes a bundle in; it is acknowledged or refused. Codes: those of `BundleRefusal`, those of `RefusalCode` with the
   * `leg` that was refused, and those of the mempool.
   */
  submitBundle(bundle: Uint8Array): Promise<Result<{ id: BundleId }>>;
  /** Executes a bundle without effect. Codes besides those of `BundleRefusal`: `unavailable` */
  simulateBundle(bundle: Bundle): Promise<Result<BundleSimulation>>;
  bundle(id: BundleId): Promise<BundleStatus | undefined>;
  sponsor(sponsor: Sponsor): SponsorAccount;
  /** Every tenant of the ordering state after the newest finalized block. */
  tenants(): TenantDetail[];
  /** `undefined` while no finalized header since this node started commits to the tenant. */
  tenant(domain: Domain): TenantProof | undefined;
  transaction(id: Root): Promise<TransactionStatus | undefined>;
  transactionByNativeId(domain: Domain, nativeId: Hex): Promise<TransactionStatus | undefined>;
  /** Blocks are kept from genesis on; height 0 has no certificate and answers `undefined`. */
  block(height: Height): Promise<FinalizedBlock | undefined>;
  slice(height: Height, domain: Domain): Promise<TenantSlice | undefined>;
  summary(height: Height): Promise<Summary | undefined>;
  latestCertificate(): Promise<FinalCertificate | undefined>;
  epoch(epoch: Epoch): Promise<EpochInfo | undefined>;
  /** The set of the epoch in progress. */
  validators(): ValidatorSet;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** What keeps this node from working, in sentences; empty when healthy. */
  problems(): string[];
  /** What others can't do, in sentences: this node works nevertheless. */
  notices(): string[];
  /** Events in order; the returned function ends the subscription. */
  subscribe(listener: (event: NodeEvent) => void): () => void;
};
