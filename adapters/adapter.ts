/**
 * What a VM must give to be a tenant, and what it gets. Everything VM-specific stays behind these
 * types; the sequencer knows transactions only as bytes with a native id, a sender and a price.
 */

import type { TenantBudget } from "../protocol/budget.ts";
import type { ReadLeg, SyncKey, SyncMessage } from "../protocol/bundle.ts";
import type { Hex } from "../protocol/bytes.ts";
import type { Result } from "../protocol/errors.ts";
import type { Vm } from "../protocol/genesis.ts";
import type { BundleId, Domain, Height, Root, Sponsor } from "../protocol/ids.ts";
import type { DoorStats } from "./http/connections.ts";

/** What the shared header says of the block that a tenant is about to execute. */
export type BlockContext = {
  height: Height;
  /** Native block number: height minus the height of activation. */
  number: number;
  /** Shared clock; native seconds are its floor. */
  timestampMs: number;
  /** Root of the shared header, and of its parent. */
  header: Root;
  parent: Root;
  /** Hash of the tenant's own previous block. */
  parentHash: Root;
  /** Number of the newest block whose execution the shared header certifies; reads reach it. */
  certified: number;
};

/** An entry of a slice, as it was ordered. */
export type OrderedEntry = {
  bytes: Uint8Array;
  /** What the producers that ordered it declared; it is executed if one of these is its gas. */
  gas: readonly number[];
};

/** A transaction that is executed as a leg of a bundle. */
export type OrderedLeg = OrderedEntry & {
  bundle: BundleId;
  /** For the mark: a place of its own behind those of the lane. */
  index: number;
};

/** Base currency that a succeeded transaction gave the gateway for a sponsor, in the smallest unit. */
export type Deposit = { readonly sponsor: Sponsor; readonly amount: bigint };

/** What a transaction says of itself, and what the executed state says of its sender. */
export type TransactionFacts = {
  /** The id under which the VM's own tools know it: 32 bytes, or 64 for a Solana signature. */
  nativeId: Hex;
  /** Account whose order matters; transactions of different senders are independent. */
  sender: string;
  /** Absent where the VM has no account nonces. */
  nonce?: number;
  /** Largest gas (compute units, L2 gas, bytes) it can use. */
  gas: number;
  /** Most it can take from the sender, in the smallest unit: value and fees. */
  cost: bigint;
  /** What it offers for a unit of gas; a replacement must offer a tenth more of both. */
  price: { readonly max: bigint; readonly tip: bigint };
  /** Least `price.max` that the next block could take; what is below would be ordered just to be left out. */
  floor?: bigint;
  /** The sender in the newest executed state; absent where the VM has no accounts. */
  account?: { readonly nonce: number; readonly balance: bigint };
};

/** Codes with which a VM refuses a transaction. */
export const refusalCodes = [
  "undecodable",
  "oversized",
  "unsupported",
  "wrong_chain",
  "bad_signature",
  "gas_limit",
  "intrinsic_gas",
  "nonce_too_low",
  "nonce_too_high",
  "insufficient_funds",
  "fee_too_low",
  "block_full",
  "duplicate",
  "gas_mismatch",
  "not_a_writer",
  "bundle_only",
  "invalid",
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** Codes that no later state takes back: whoever orders such a transaction could have known. */
export const lastingRefusals: ReadonlySet<RefusalCode> = new Set([
  "undecodable",
  "oversized",
  "unsupported",
  "wrong_chain",
  "bad_signature",
  "gas_limit",
  "intrinsic_gas",
  "gas_mismatch",
  "not_a_writer",
  "bundle_only",
]);

/**
 * Why an entry is left out that no executor was asked about. `skipped`: two thirds of the validators agreed to it. The
 * others are of legs: their bundle was executed and undone; can't be one; came too late, a second time, or without the
 * sponsor's funds.
 */
export type Exclusion =
  | "skipped"
  | "bundle_aborted"
  | "bundle_void"
  | "bundle_expired"
  | "bundle_duplicate"
  | "bundle_unfunded";

export type Inspection = Result<TransactionFacts, RefusalCode>;

/**
 * What became of an ordered entry; `index` is its position in the slice as ordered.
 * Invalid ones are `omitted` without a trace; a nonce gap is `returned` to the mempool.
 */
export type Execution =
  | {
      kind: "applied";
      index: number;
      nativeId: Hex;
      /** The adapter's receipt encoding. */
      receipt: Uint8Array;
      /** Its limit, as producers had to declare it. */
      gas: number;
      gasUsed: number;
      succeeded: boolean;
      /** Absent where there are none. */
      deposits?: readonly Deposit[];
    }
  | {
      kind: "omitted";
      index: number;
      reason: RefusalCode | Exclusion;
      /** Whether the state of block `certified` refuses it already: who ordered it could have known. */
      hopeless: boolean;
    }
  | { kind: "returned"; index: number; reason: RefusalCode };

/**
 * What became of a leg: as an entry of its slice, and what its contracts said through the gateway, in order. The legs of
 * a bundle count for nothing unless all succeeded.
 */
export type LegExecution = {
  execution: Execution;
  /** Empty unless it succeeded. */
  sent: readonly SyncMessage[];
  consumed: readonly SyncKey[];
  /** For people: why it did not succeed, in the VM's own words; at most 256 characters. */
  reason?: string;
};

/** What a leg would come to, with what people want to see of it. */
export type SimulatedLeg = LegExecution & {
  /** What it would cost whoever pays for it, in the smallest unit of the tenant's currency. */
  fee: bigint;
  /** Events in the form of the VM's own RPC, as JSON values. */
  logs: readonly unknown[];
};

/** What is applied to a tenant for a bundle, in order. */
export type BundleStep =
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  | { readonly kind: "leg"; readonly leg: OrderedLeg };

/** A sealed block. */
export type Seal = {
  number: number;
  blockHash: Root;
  stateRoot: Root;
  auxRoot: Root;
  receiptsRoot: Root;
  gasUsed: number;
  /** The adapter's own encoding of the native block header, for its RPC. */
  block: Uint8Array;
  /** Changes of the flat state, packed as in `adapters/diff.ts`. */
  diff: Uint8Array;
};

/** What an executor was about to do when its process died: protocol writes, an entry of the slice as ordered, the seal. */
export type Place = { readonly height: number; readonly at: "writes" | "seal" | number };

/** Where an executor in a process of its own notes which entry it is about to execute. */
export type Mark = {
  /** @param index position in the slice as ordered */
  entry(index: number): void;
  /**
   * An engine that executes many entries in one call writes the index itself: as u32, big-endian, at
   * `entryOffset` of the file behind `descriptor`, unsynced.
   */
  readonly descriptor: number;
  readonly entryOffset: number;
};

/**
 * Executes one tenant, one block at a time. Calls take effect in the order they are made, so a whole
 * block can be sent without waiting; reads may come at any time and see sealed blocks only.
 *
 * @throws LockstepError `executor_died` when the process behind it is gone, `executor_failed` when
 *   the engine broke: never an outcome of a transaction
 */
export type Executor = {
  /** Strict decoding, signature, chain and size of each transaction. The recovered sender is kept for `execute`. */
  inspect(transactions: readonly Uint8Array[]): Promise<Inspection[]>;
  /** The same of transactions that are to be legs of a bundle. */
  inspectLegs(transactions: readonly Uint8Array[]): Promise<Inspection[]>;
  begin(context: BlockContext): Promise<void>;
  /** Applies a protocol write, in the adapter's encoding. */
  write(write: Uint8Array): Promise<void>;
  /** Executes a slice in its canonical order (`adapters/order.ts`); outcomes come in that order. */
  execute(entries: readonly OrderedEntry[]): Promise<Execution[]>;
  /**
   * Executes a leg in the open block, behind whatever was executed so far. Its marker must be that of the bundle; nonce,
   * funds and signatures count as for any transaction.
   */
  leg(leg: OrderedLeg): Promise<LegExecution>;
  /** What people want to see of a leg that this executor executed. */
  explain(leg: OrderedLeg, executed: LegExecution): Promise<Pick<SimulatedLeg, "fee" | "logs">>;
  /** Nested marks within the open block; an id is valid until it or an older one is committed or reverted. */
  checkpoint(): Promise<number>;
  commit(checkpoint: number): Promise<void>;
  /** Back to the checkpoint, byte for byte: native state, auxiliary state, receipts. */
  revert(checkpoint: number): Promise<void>;
  seal(): Promise<Seal>;
  /** Drops the open block, if any. */
  discard(): Promise<void>;
  /** A read at a sealed height, in the adapter's own request and answer types (structured-clonable). */
  read(request: unknown): Promise<unknown>;
  close(): Promise<void>;
};

/** Where a restarted executor gets its state from. */
export type StateSource = {
  /** The flat state at the newest sealed block, as pairs in key order. */
  state(): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  /**
   * Diffs of sealed blocks, newest first. An executor takes as many as it needs: 256 for reads, and on the
   * EVM 256 more for the hashes that BLOCKHASH reaches from there.
   */
  diffs(): AsyncIterable<Uint8Array>;
};

/** The newest sealed block of an executor. */
export type SealedHead = Pick<Seal, "number" | "blockHash" | "stateRoot">;

export type OpenedExecutor = {
  executor: Executor;
  sealed: SealedHead;
  /** Block 0 of a tenant that was opened without a source; its diff is the whole state. */
  genesis?: Seal;
};

/**
 * A new tenant starts from its genesis; one with sealed blocks from what was stored of them.
 *
 * @throws LockstepError `bad_config`, `bad_state` when the config or what was stored can't be used,
 *   `engine_missing` when the VM's engine is not built
 */
export type OpenExecutor = (options: {
  domain: Domain;
  config: Uint8Array;
  budget: TenantBudget;
  /** Senders whose transactions are not refused as `not_a_writer`, as they were registered; absent: anybody's. */
  writers?: readonly string[];
  source?: StateSource;
  /** Absent in the node's own process. */
  mark?: Mark;
}) => Promise<OpenedExecutor>;

/** One executed block of a tenant as the node stores it. */
export type TenantBlock = {
  domain: Domain;
  context: BlockContext;
  seal: Omit<Seal, "diff">;
  /** Protocol writes as applied, in the adapter's encoding. */
  writes: readonly Uint8Array[];
  /** Applied transactions in canonical order. */
  transactions: readonly TenantTransaction[];
};

export type TenantTransaction = { bytes: Uint8Array; nativeId: Hex; receipt: Uint8Array; succeeded: boolean };

/** What a tenant's RPC may ask of the node that serves it. Numbers are native block numbers. */
export type TenantServices = {
  domain: Domain;
  config: Uint8Array;
  budget: TenantBudget;
  read(request: unknown): Promise<unknown>;
  /**
   * Takes transactions in; each is acknowledged (on f + 1 disks) or refused. Codes: those of
   * `RefusalCode`, and of the mempool: `already_known`, `replacement_underpriced`, `sender_full`,
   * `lane_full`, `unavailable`.
   */
  submit(transactions: readonly Uint8Array[]): Promise<Result<{ id: Root; nativeId: Hex }>[]>;
  /** Newest executed block, and newest one under a final execution certificate. */
  heads(): { executed: number; certified: number };
  blockByNumber(number: number): Promise<TenantBlock | undefined>;
  blockByHash(hash: Root): Promise<TenantBlock | undefined>;
  /** Where an executed transaction stands. */
  locate(nativeId: Hex): Promise<{ number: number; index: number } | undefined>;
  /** A transaction that is in the mempool or ordered and not executed yet. */
  pending(nativeId: Hex): Uint8Array | undefined;
  /** First nonce of a sender that no executed or pending transaction has, counting on from `executed`. */
  nextNonce(sender: string, executed: number): number;
  /** Listeners are called in order; the returned function removes one. */
  onBlock(listener: (block: TenantBlock) => void): () => void;
  onCertified(listener: (number: number) => void): () => void;
  onPending(listener: (nativeId: Hex) => void): () => void;
};

/** The VM's own API, served over HTTP and WebSocket. */
export type RpcServer = { rpc: string; ws: string; stats(): DoorStats; close(): Promise<void> };

/** How a VM takes part in bundles. Writes are protocol writes to its gateway, in the adapter's encoding. */
export type BundleSupport = {
  readLeg: ReadLeg;
  /** The gateway says from now on that this bundle is executed; `undefined`: that none is. */
  setBundle(id: BundleId | undefined): Uint8Array;
  /** The recipient can consume the message from now on. */
  deliver(message: SyncMessage): Uint8Array[];
  /** Whether this can be paid to somebody out of what sponsors deposited. */
  canRelease(release: Pick<Release, "recipient" | "amount">): boolean;
  /** The recipient is paid, or can have itself paid from now on. Never fails. */
  release(release: Release): Uint8Array[];
};

/** What a sponsor of bundles takes back of its deposits: `nonce` is another one for each. */
export type Release = {
  readonly sponsor: Sponsor;
  readonly nonce: number;
  readonly recipient: Uint8Array;
  readonly amount: bigint;
};

export type Adapter = {
  vm: Vm;
  /** Whether an engine runs that can die: then the executor lives in a supervised child process. */
  isolated: boolean;
  /** Opens the executor in this process; `adapters/host` does it in a child. */
  open: OpenExecutor;
  /** What the sequencer itself says inside the VM at the start of a block, in the adapter's encoding. */
  protocolWrites(context: BlockContext): Uint8Array[];
  /** Absent where no transaction can be a leg. */
  bundles?: BundleSupport;
  /** Absent where a tenant has no API of its own. */
  serve?(services: TenantServices, listen: { host: string; port: number }): Promise<RpcServer>;
};
