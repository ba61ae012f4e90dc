/**
 * What the node stores of executed heights. Bytes of transactions stand once, in their batches;
 * records name them by their position in the slice.
 */

import { BooleanType, ByteListType, ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { type Certified, certifiedType } from "../../protocol/header.ts";
import type { Height, Root, Sponsor } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { OrderingState } from "../../protocol/ordering.ts";
import { bytes32, sszObject, uint8, uint32, uint64, uint128 } from "../../protocol/ssz.ts";
import { type HopelessCount, hopelessCountsType } from "../../protocol/summary.ts";

/** Wire numbers of how an entry of a slice ended. */
export const outcomeKinds = { applied: 1, omitted: 2, returned: 3, replaced: 4, expired: 5, evicted: 6 } as const;
export type OutcomeKind = keyof typeof outcomeKinds;

export const outcomeKind = (number: number): OutcomeKind =>
  (Object.keys(outcomeKinds) as OutcomeKind[]).find((kind) => outcomeKinds[kind] === number) ?? "evicted";

/** One entry of a slice, in canonical order. */
export type ExecutionRecord = {
  kind: number;
  /** Position in the slice as ordered. */
  index: number;
  /** UTF-8; empty for what was applied. */
  reason: Uint8Array;
  /** Empty for what was not applied, like the receipt. */
  nativeId: Uint8Array;
  receipt: Uint8Array;
  succeeded: boolean;
  /** Whether it was applied as a leg of a bundle. */
  leg: boolean;
};

/** A protocol write, and how many entries of the slice were applied before it. */
export type WriteRecord = { after: number; bytes: Uint8Array };

export type DepositRecord = { sponsor: Sponsor; amount: bigint };

/** A tenant's executed block. */
export type TenantRecord = {
  height: Height;
  number: number;
  timestampMs: number;
  header: Root;
  parent: Root;
  parentHash: Root;
  certified: number;
  blockHash: Root;
  stateRoot: Root;
  auxRoot: Root;
  receiptsRoot: Root;
  inputsRoot: Root;
  gasUsed: number;
  /** The adapter's encoding of the native block header. */
  block: Uint8Array;
  writes: WriteRecord[];
  executions: ExecutionRecord[];
  /** What its transactions deposited for sponsors of bundles, in their order. */
  deposits: DepositRecord[];
  /** Its part of the summary's counts. */
  hopeless: HopelessCount[];
};

const largeBytes = new ByteListType(2 ** 27);

export const TenantRecord = sszObject<TenantRecord>(
  "TenantRecord",
  new ContainerType({
    height: uint64,
    number: uint64,
    timestampMs: uint64,
    header: bytes32,
    parent: bytes32,
    parentHash: bytes32,
    certified: uint64,
    blockHash: bytes32,
    stateRoot: bytes32,
    auxRoot: bytes32,
    receiptsRoot: bytes32,
    inputsRoot: bytes32,
    gasUsed: uint64,
    block: largeBytes,
    writes: new ListCompositeType(
      new ContainerType({ after: uint32, bytes: new ByteListType(limits.inputBytes) }),
      2 ** 20,
    ),
    executions: new ListCompositeType(
      new ContainerType({
        kind: uint8,
        index: uint32,
        reason: new ByteListType(64),
        nativeId: new ByteListType(64),
        receipt: largeBytes,
        succeeded: new BooleanType(),
        leg: new BooleanType(),
      }),
      // An entry may be ordered as a transaction, which it can't be, and as a leg.
      2 * limits.sliceEntries,
    ),
    deposits: new ListCompositeType(new ContainerType({ sponsor: bytes32, amount: uint128 }), 2 ** 32),
    hopeless: hopelessCountsType,
  }),
);

/** How a transaction ended, by its id. */
export type OutcomeRecord = {
  domain: number;
  kind: number;
  height: Height;
  /** Position among the block's applied transactions. */
  index: number;
  succeeded: boolean;
  nativeId: Uint8Array;
  reason: Uint8Array;
};

export const OutcomeRecord = sszObject<OutcomeRecord>(
  "OutcomeRecord",
  new ContainerType({
    domain: uint32,
    kind: uint8,
    height: uint64,
    index: uint32,
    succeeded: new BooleanType(),
    nativeId: new ByteListType(64),
    reason: new ByteListType(256),
  }),
);

/** A height whose order is settled: its header, and the ordering state after it. */
export type OrderedRecord = { height: Height; header: Root; state: OrderingState };

export const OrderedRecord = sszObject<OrderedRecord>(
  "OrderedRecord",
  new ContainerType({ height: uint64, header: bytes32, state: OrderingState.type }),
);

export const CertifiedRecord = sszObject<Certified>("Certified", certifiedType);
