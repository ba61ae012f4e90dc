/** The control ledger in the node's store. */
import { ContainerType } from "@chainsafe/ssz";
import { toHex } from "../../protocol/bytes.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import { asHeight, type BundleId, type Height } from "../../protocol/ids.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import { sszObject, uint32, uint64 } from "../../protocol/ssz.ts";
import { below, decodeHeight, encodeHeight, keys, prefixes } from "../storage/keys.ts";
import { Account, type Accounts, genesisAccounts } from "./accounts.ts";
import { type BundleRecord, bundleEndings, LedgerRecord } from "./record.ts";

/** Where a bundle's record stands. */
type BundlePlace = { height: Height; index: number };
const BundlePlace = sszObject<BundlePlace>("BundlePlace", new ContainerType({ height: uint64, index: uint32 }));

const placeKey = ({ id, ending }: BundleRecord): Uint8Array =>
  ending === bundleEndings.skipped ? keys.skippedBundle(id) : keys.bundle(id);

/** Void bundles have no id under which anybody could ask for them. */
const hasId = ({ id }: BundleRecord): boolean => id.some((byte) => byte !== 0);

/** @param reached height up to which everything is settled with these records, which are increasing by height */
export const ledgerWrites = (reached: Height, records: readonly LedgerRecord[]): DiskWrite[] => [
  { key: keys.ledger(), value: encodeHeight(reached) },
  ...records.flatMap((record) => [
    { key: keys.ledgerRecord(record.height), value: LedgerRecord.encode(record) },
    ...record.after.map((account) => ({ key: keys.account(account.sponsor), value: Account.encode(account) })),
    ...record.bundles.flatMap((bundle, index): DiskWrite[] =>
      hasId(bundle) ? [{ key: placeKey(bundle), value: BundlePlace.encode({ height: record.height, index }) }] : [],
    ),
  ]),
];

export const readRecord = async (disk: Disk, height: Height): Promise<LedgerRecord | undefined> => {
  const stored = await disk.get(keys.ledgerRecord(height));
  return stored === undefined ? undefined : LedgerRecord.decode(stored);
};

/** The record of a bundle, executed rather than skipped. */
export const readBundle = async (
  disk: Disk,
  id: BundleId,
): Promise<{ record: LedgerRecord; index: number } | undefined> => {
  const stored = (await disk.get(keys.bundle(id))) ?? (await disk.get(keys.skippedBundle(id)));
  if (stored === undefined) return undefined;
  const { height, index } = BundlePlace.decode(stored);
  const record = await readRecord(disk, height);
  return record === undefined ? undefined : { record, index };
};

/** Accounts as they are stored, and the height up to which bundles are settled in them; at first those of genesis. */
export const readLedger = async (disk: Disk, genesis: Genesis): Promise<{ accounts: Accounts; settled: Height }> => {
  const stored = await disk.get(keys.ledger());
  const accounts = new Map(genesisAccounts(genesis));
  // Every account of genesis that has changed is stored.
  for await (const [, encoded] of disk.range(below(prefixes.accounts()))) {
    const account = Account.decode(encoded);
    accounts.set(toHex(account.sponsor), account);
  }
  return { accounts, settled: asHeight(stored === undefined ? 0 : decodeHeight(stored)) };
};

/** Writes that take the ledger back to a height. */
export const rewindLedger = async (disk: Disk, base: Height): Promise<DiskWrite[]> => {
  const stored = await disk.get(keys.ledger());
  if (stored === undefined || decodeHeight(stored) <= base) return [];
  const writes: DiskWrite[] = [{ key: keys.ledger(), value: encodeHeight(base) }];
  const above = { ...below(prefixes.ledgerRecords()), gte: keys.ledgerRecord(asHeight(base + 1)), reverse: true };
  for await (const [key, encoded] of disk.range(above)) {
    const record = LedgerRecord.decode(encoded);
    writes.push({ key, value: undefined });
    // From the newest to the oldest: the last write to a key counts.
    for (const { sponsor } of record.after) writes.push({ key: keys.account(sponsor), value: undefined });
    for (const account of record.before) {
      writes.push({ key: keys.account(account.sponsor), value: Account.encode(account) });
    }
    for (const bundle of record.bundles) if (hasId(bundle)) writes.push({ key: placeKey(bundle), value: undefined });
  }
  return writes;
};
