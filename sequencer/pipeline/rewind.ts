/** Takes what the node stored of heights above a certified one back, so that they can be executed anew. */
import { unpackDiff } from "../../adapters/diff.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asHeight, type Domain, type Height } from "../../protocol/ids.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import type { SliceEntry } from "../block/payload.ts";
import { activatedAt, type RosterEntry } from "../roster/entry.ts";
import { decodeHeight, encodeHeight, keys } from "../storage/keys.ts";
import { OutcomeRecord, TenantRecord } from "../storage/records.ts";

export type RewindOptions = {
  disk: Disk;
  /** What was ordered for a tenant at a height. */
  ordered(height: Height, domain: Domain): Promise<readonly SliceEntry[]>;
};

const need = async (disk: Disk, key: Uint8Array, what: string): Promise<Uint8Array> => {
  const stored = await disk.get(key);
  if (stored === undefined) throw new LockstepError("store_corrupt", `${what} is not stored: it can't be taken back`);
  return stored;
};

/** Outcomes of a slice that a height above `base` decided. */
const outcomeWrites = async (
  disk: Disk,
  domain: Domain,
  slice: readonly SliceEntry[],
  base: Height,
): Promise<DiskWrite[]> => {
  const found = await Promise.all(
    slice.map(async ({ leaf }): Promise<DiskWrite[]> => {
      const key = keys.outcome(domain, leaf);
      const stored = await disk.get(key);
      const outcome = stored && OutcomeRecord.decode(stored);
      if (outcome === undefined || outcome.height <= base) return [];
      const forget = { key, value: undefined };
      return outcome.nativeId.length === 0
        ? [forget]
        : [forget, { key: keys.native(domain, outcome.nativeId), value: undefined }];
    }),
  );
  return found.flat();
};

/** Writes that take a tenant back to its block at `base`, or to its block 0 where that came later. */
export const rewindTenant = async (
  { disk, ordered }: RewindOptions,
  entry: RosterEntry,
  base: Height,
): Promise<DiskWrite[]> => {
  const { domain } = entry.registration;
  const activated = activatedAt(entry);
  const head = await disk.get(keys.tenantHead(domain));
  if (activated === undefined || head === undefined) return [];
  const last = Math.max(base, activated) - activated;
  const newest = decodeHeight(head);
  if (newest <= last) return [];
  const writes: DiskWrite[] = [{ key: keys.tenantHead(domain), value: encodeHeight(last) }];
  /** From the newest block to the oldest: of a key that several changed, the value before the first counts. */
  const state = new Map<Hex, DiskWrite>();
  for (let number = newest; number > last; number--) {
    const record = TenantRecord.decode(
      await need(disk, keys.tenantBlock(domain, number), `block ${number} of ${domain}`),
    );
    const diff = await need(disk, keys.diff(domain, number), `the diff of block ${number} of ${domain}`);
    for (const { key, before } of unpackDiff(diff)) {
      state.set(toHex(key), { key: keys.state(domain, key), value: before && Uint8Array.from(before) });
    }
    const height = asHeight(number + activated);
    writes.push(
      { key: keys.tenantBlock(domain, number), value: undefined },
      { key: keys.tenantHash(domain, record.blockHash), value: undefined },
      { key: keys.diff(domain, number), value: undefined },
      ...(await outcomeWrites(disk, domain, await ordered(height, domain), base)),
    );
  }
  return [...writes, ...state.values()];
};

/** Writes that forget summaries above `base`, of which the newest is that of `executed`. */
export const rewindSummaries = (executed: Height, base: Height): DiskWrite[] => {
  if (executed <= base) return [];
  const heights = Array.from({ length: executed - base }, (_, i) => asHeight(base + 1 + i));
  return [
    ...heights.map((height) => ({ key: keys.summary(height), value: undefined })),
    { key: keys.executed(), value: encodeHeight(base) },
  ];
};
