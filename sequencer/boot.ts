/** Opens a node's store: makes it at the first start, and at later ones brings back what was executed. */

import type { Adapter, Seal, SealedHead, StateSource } from "../adapters/adapter.ts";
import { equalBytes, toHex } from "../protocol/bytes.ts";
import { Recovery } from "../protocol/control.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis, type Vm, vmName } from "../protocol/genesis.ts";
import { Header } from "../protocol/header.ts";
import { asHeight, asRevision, type Domain, type Height, type Root, zeroRoot } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { OrderingState } from "../protocol/ordering.ts";
import type { Disk, DiskWrite, Runtime } from "../protocol/ports.ts";
import { Summary, tenantStatuses } from "../protocol/summary.ts";
import { genesisHeader } from "./block/genesis.ts";
import { type Accounts, accountsRoot, genesisAccounts } from "./bundle/accounts.ts";
import { readLedger } from "./bundle/storage.ts";
import { genesisState } from "./control/state.ts";
import { genesisResult } from "./pipeline/execute.ts";
import type { Recoveries } from "./pipeline/recoveries.ts";
import { summaryOf } from "./pipeline/summary.ts";
import type { Tenant, Tenants } from "./pipeline/tenants.ts";
import { orderWrites, summaryWrites, tenantWrites } from "./pipeline/writes.ts";
import { activatedAt, type RosterEntry } from "./roster/entry.ts";
import { createLateExecutor } from "./roster/lateExecutor.ts";
import { isOpenEntry, type OpenSupervised, openRegistered, readRoster, rosterWrite } from "./roster/roster.ts";
import { below, decodeHeight, encodeHeight, keys, prefixes, schemaVersion } from "./storage/keys.ts";
import { OrderedRecord, TenantRecord } from "./storage/records.ts";

export type Booted = {
  roster: ReadonlyMap<Domain, RosterEntry>;
  /** Those of the roster that have blocks here or are to have some. */
  tenants: Tenants;
  /** Tenants of which blocks are stored, to be kept up; the others start from nothing. */
  withBlocks: Set<Domain>;
  /** What is stored of a tenant by now, for its executor to start from. */
  source(domain: Domain): StateSource | undefined;
  /** Newest height whose order is settled, the root of its header, and the ordering state after it. */
  ordered: { height: Height; header: Root; state: OrderingState };
  recoveries: Recoveries;
  /** Newest height at which all tenants are executed, the root of its summary, and that of the accounts in it. */
  executed: { height: Height; summaryRoot: Root; accountsRoot: Root };
  /** Sponsors' accounts, and the height up to which bundles are settled in them. */
  ledger: { accounts: Accounts; settled: Height };
};

export type BootOptions = {
  disk: Disk;
  genesis: Genesis;
  runtime: Runtime;
  loadAdapter(vm: Vm): Promise<Adapter>;
  openExecutor: OpenSupervised;
};

const checkStore = async (disk: Disk, genesisRoot: Root): Promise<boolean> => {
  const schema = await disk.get(keys.schema());
  if (schema === undefined) return false;
  if (decodeHeight(schema) !== schemaVersion) {
    const message = `the data directory has schema ${decodeHeight(schema)}, this version reads ${schemaVersion}; start with an empty one`;
    throw new LockstepError("schema_mismatch", message);
  }
  const stored = await disk.get(keys.genesis());
  if (stored === undefined || !equalBytes(stored, genesisRoot)) {
    const message = `the data directory belongs to another network (genesis ${toHex(stored ?? zeroRoot)}); use another directory`;
    throw new LockstepError("genesis_mismatch", message);
  }
  return (await disk.get(keys.executed())) !== undefined;
};

const stateSource = (disk: Disk, domain: Domain): StateSource => ({
  async *state() {
    // A write ahead of this one may be the tenant's newest block: it must be on disk before the reading begins.
    await disk.write([{ key: keys.schema(), value: encodeHeight(schemaVersion) }]);
    const prefix = prefixes.state(domain);
    for await (const [key, value] of disk.range(below(prefix))) yield [key.slice(prefix.length), value] as const;
  },
  async *diffs() {
    const bounds = { ...below(prefixes.diffs(domain)), reverse: true, limit: limits.storedDiffs };
    for await (const [, diff] of disk.range(bounds)) yield diff;
  },
});

/** Summary of height 0 and everything the store needs of it. */
const genesisWrites = (
  genesis: Genesis,
  roster: ReadonlyMap<Domain, RosterEntry>,
  seals: ReadonlyMap<Domain, Seal>,
): DiskWrite[] => {
  const header = genesisHeader(genesis);
  const genesisRoot = Genesis.root(genesis);
  const block = { header, root: Header.root(header) };
  const context = {
    height: header.height,
    number: 0,
    timestampMs: header.timestampMs,
    header: block.root,
    parent: zeroRoot,
    parentHash: zeroRoot,
    certified: 0,
  };
  const results = [...seals].map(([domain, seal]) => genesisResult(domain, context, seal));
  const records = new Map(results.map(({ domain, record }) => [domain, record]));
  const due = results.map(({ domain }) => ({ domain, number: 0, status: tenantStatuses.active }));
  return [
    { key: keys.schema(), value: encodeHeight(schemaVersion) },
    { key: keys.genesis(), value: genesisRoot },
    ...results.flatMap((result) => tenantWrites(result, new Set())),
    ...orderWrites(block, genesisState(genesis, genesisRoot)),
    ...[...roster.values()].map(rosterWrite),
    ...summaryWrites(
      summaryOf(block, {
        revision: asRevision(0),
        previous: zeroRoot,
        accountsRoot: accountsRoot(genesisAccounts(genesis)),
        due,
        records,
      }),
    ),
  ];
};

type Head = { number: number; blockHash: Root };

/** Number and hash of a tenant's newest stored block, if it has one. */
const readHead = async (disk: Disk, domain: Domain): Promise<Head | undefined> => {
  const number = await disk.get(keys.tenantHead(domain));
  if (number === undefined) return undefined;
  const stored = await disk.get(keys.tenantBlock(domain, decodeHeight(number)));
  if (stored === undefined) throw new LockstepError("store_corrupt", `the store lacks the newest block of ${domain}`);
  return TenantRecord.decode(stored);
};

/** What an executor was restored to must be the tenant's newest stored block. */
const checkRestored = (domain: Domain, sealed: SealedHead, head: Head): void => {
  if (sealed.number === head.number && equalBytes(sealed.blockHash, head.blockHash)) return;
  const message = `the restored state of domain ${domain} is not that of its stored block ${head.number}`;
  throw new LockstepError("store_corrupt", message);
};

const readRecoveries = async (disk: Disk): Promise<Recovery[]> => {
  const recoveries: Recovery[] = [];
  for await (const [, stored] of disk.range(below(prefixes.recoveries()))) recoveries.push(Recovery.decode(stored));
  return recoveries;
};

/** Genesis has its tenants active from the start. */
const genesisRoster = ({ tenants }: Genesis): Map<Domain, RosterEntry> =>
  new Map(
    tenants.map((registration) => [
      registration.domain,
      { registration, changes: [{ height: asHeight(0), status: tenantStatuses.active }], dropped: [] },
    ]),
  );

type Opening = Pick<BootOptions, "runtime" | "loadAdapter" | "openExecutor"> & { source: Booted["source"] };

/** A tenant that other blocks than genesis activated must not keep the node from starting: it is opened when it can be. */
const openLate = async (opening: Opening, entry: RosterEntry, activated: Height, head: Head | undefined) => {
  const { registration } = entry;
  const late = createLateExecutor(async () => {
    const { opened } = await openRegistered(opening, registration, () => opening.source(registration.domain));
    if (head !== undefined && opened.isUp()) checkRestored(registration.domain, await opened.ready(), head);
    return opened;
  }, opening.runtime);
  return {
    ...late,
    adapter: await opening.loadAdapter(vmName(registration.vm) ?? "data"),
    stored: asHeight(activated + (head?.number ?? -1)),
    head: head?.blockHash ?? zeroRoot,
    startedFrom: undefined,
  };
};

const openNow = async (opening: Opening, { registration }: RosterEntry, head: Head | undefined) => {
  const { domain } = registration;
  const { adapter, opened } = await openRegistered(opening, registration, () => opening.source(domain));
  const { genesis: seal, ...executor } = opened;
  const sealed = executor.isUp() ? await executor.ready() : undefined;
  const newest = head ?? seal;
  if (newest === undefined) throw new LockstepError("store_corrupt", `domain ${domain} has no genesis`);
  if (sealed !== undefined) checkRestored(domain, sealed, newest);
  const stored = asHeight(newest.number);
  return { tenant: { ...executor, adapter, stored, head: newest.blockHash, startedFrom: sealed }, seal };
};

/**
 * Opens the store, and every tenant's executor at its newest stored block. One that dies there comes later.
 * @throws LockstepError `schema_mismatch`, `genesis_mismatch`, `vm_unsupported`, `store_corrupt`
 */
export const boot = async ({ disk, genesis, ...parts }: BootOptions): Promise<Booted> => {
  const genesisRoot = Genesis.root(genesis);
  const started = await checkStore(disk, genesisRoot);
  const roster = started ? await readRoster(disk) : genesisRoster(genesis);
  const tenants = new Map<Domain, Tenant>();
  const seals = new Map<Domain, Seal>();
  const withBlocks = new Set<Domain>();
  const source = (domain: Domain) => (withBlocks.has(domain) ? stateSource(disk, domain) : undefined);
  const opening = { ...parts, source };

  for (const [domain, entry] of roster) {
    const activated = activatedAt(entry);
    const head = started ? await readHead(disk, domain) : undefined;
    if (head !== undefined) withBlocks.add(domain);
    if (activated === undefined || !isOpenEntry(entry, head && asHeight(activated + head.number))) continue;
    const { name, config, budget } = entry.registration;
    const of = { domain, name: new TextDecoder().decode(name), config, budget, entry, activatedAt: activated };
    if (activated > 0) {
      tenants.set(domain, { ...of, ...(await openLate(opening, entry, activated, head)) });
      continue;
    }
    const { tenant, seal } = await openNow(opening, entry, head);
    if (seal !== undefined) seals.set(domain, seal);
    tenants.set(domain, { ...of, ...tenant });
  }

  if (!started) await disk.write(genesisWrites(genesis, roster, seals));
  for (const domain of seals.keys()) withBlocks.add(domain);

  const height = asHeight(decodeHeight((await disk.get(keys.executed())) as Uint8Array));
  const summary = await disk.get(keys.summary(height));
  const ordered = await disk.get(keys.ordered());
  if (summary === undefined || ordered === undefined) {
    throw new LockstepError("store_corrupt", `the store lacks the summary of its newest height ${height}`);
  }
  const executed = Summary.decode(summary);
  return {
    roster,
    tenants,
    withBlocks,
    source,
    ordered: OrderedRecord.decode(ordered),
    recoveries: await readRecoveries(disk),
    executed: { height, summaryRoot: Summary.root(executed), accountsRoot: executed.accountsRoot },
    ledger: await readLedger(disk, genesis),
  };
};
