/** What a height changes in the store: its order, each tenant's result, and the summary once all results are there. */

import { diffWrites } from "../../adapters/diff.ts";
import type { KnownHeader } from "../../consensus/application.ts";
import { equalBytes, type Hex } from "../../protocol/bytes.ts";
import { Recovery } from "../../protocol/control.ts";
import type { Domain, Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import type { DiskWrite } from "../../protocol/ports.ts";
import { Summary } from "../../protocol/summary.ts";
import { encodeHeight, keys } from "../storage/keys.ts";
import { OrderedRecord, OutcomeRecord, outcomeKinds, TenantRecord } from "../storage/records.ts";
import type { TenantResult } from "./execute.ts";

/** Flat state, and the diff that leads back, of a sealed block. */
const stateWrites = (domain: Domain, number: number, diff: Uint8Array): DiskWrite[] => {
  const writes = diffWrites(diff).map((write) => ({ ...write, key: keys.state(domain, write.key) }));
  writes.push({ key: keys.diff(domain, number), value: diff });
  const outdated = number - limits.storedDiffs;
  if (outdated >= 0) writes.push({ key: keys.diff(domain, outdated), value: undefined });
  return writes;
};

/** Ids of a slice that were left out: what an earlier block made of them counts. */
export const omittedIds = ({ slice, executions }: TenantResult): Root[] =>
  executions.flatMap(({ kind, index }) => {
    const id = slice[index]?.leaf;
    return kind === "omitted" && id !== undefined ? [id] : [];
  });

const outcomeWrites = (
  { domain, context, slice, record }: TenantResult,
  appliedBefore: ReadonlySet<Hex>,
): DiskWrite[] => {
  const writes: DiskWrite[] = [];
  let applied = 0;
  for (const { kind, index, reason, nativeId, succeeded } of record.executions) {
    const entry = slice[index];
    if (entry === undefined || kind === outcomeKinds.returned) continue;
    const { leaf: id, key } = entry;
    const isApplied = kind === outcomeKinds.applied;
    if (!isApplied && appliedBefore.has(key)) continue;
    const place = isApplied ? applied++ : 0;
    const outcome: OutcomeRecord = { domain, kind, height: context.height, index: place, succeeded, nativeId, reason };
    writes.push({ key: keys.outcome(domain, id), value: OutcomeRecord.encode(outcome) });
    if (isApplied && !equalBytes(nativeId, id)) {
      writes.push({ key: keys.native(domain, nativeId), value: id });
    }
  }
  return writes;
};

/**
 * Writes of one tenant's block: record, index by hash, flat state, outcomes. A transaction that was
 * ordered again after it had been applied stays applied.
 */
export const tenantWrites = (result: TenantResult, appliedBefore: ReadonlySet<Hex>): DiskWrite[] => {
  const { domain, context, seal, record } = result;
  return [
    { key: keys.tenantBlock(domain, context.number), value: TenantRecord.encode(record) },
    { key: keys.tenantHead(domain), value: encodeHeight(context.number) },
    { key: keys.tenantHash(domain, seal.blockHash), value: encodeHeight(context.number) },
    ...stateWrites(domain, context.number, seal.diff),
    ...outcomeWrites(result, appliedBefore),
  ];
};

/** Writes of a height's order: after a start the node goes on behind it. */
export const orderWrites = ({ header, root }: KnownHeader, state: OrderingState): DiskWrite[] => [
  { key: keys.ordered(), value: OrderedRecord.encode({ height: header.height, header: root, state }) },
];

/** Keeps a recovery: what it says holds for good. */
export const recoveryWrite = (recovery: Recovery): DiskWrite => ({
  key: keys.recovery(recovery.revision),
  value: Recovery.encode(recovery),
});

/** Writes of a height's summary. */
export const summaryWrites = (summary: Summary): DiskWrite[] => [
  { key: keys.summary(summary.height), value: Summary.encode(summary) },
  { key: keys.executed(), value: encodeHeight(summary.height) },
];
