/** Opens a node's store: makes it at the first start, and at later ones brings back what was executed. */
import type { Adapter, Seal, SealedHead, StateSource } from "../adapters/adapter.ts";
import type { TenantExecutor } from "../adapters/host/host.ts";
import type { TenantBudget } from "../protocol/budget.ts";
import { equalBytes, toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis, type Vm, vmName } from "../protocol/genesis.ts";
import { Header } from "../protocol/header.ts";
import { asHeight, type Domain, type Height, type Root, zeroRoot } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { Disk, DiskWrite } from "../protocol/ports.ts";
import { Summary } from "../protocol/summary.ts";
import { genesisHeader } from "./block/genesis.ts";
import { genesisState, type OrderingState } from "./control/state.ts";
import { type TenantResult, tenantResult } from "./pipeline/execute.ts";
import { summaryOf } from "./pipeline/summary.ts";
import type { Tenant, Tenants } from "./pipeline/tenants.ts";
import { orderWrites, summaryWrites, tenantWrites } from "./pipeline/writes.ts";
import { below, decodeHeight, encodeHeight, keys, prefixes, schemaVersion } from "./storage/keys.ts";
import { OrderedRecord, TenantRecord } from "./storage/records.ts";

/** Opens an executor that comes back by itself when its process dies. */
export type OpenSupervised = (
  adapter: Adapter,
  options: { domain: Domain; config: Uint8Array; budget: TenantBudget; source(): StateSource | undefined },
) => Promise<TenantExecutor>;

export type Booted = {
  tenants: Tenants;
  /** Newest height whose order is settled, the root of its header, and the ordering state after it. */
  ordered: { height: Height; header: Root; state: OrderingState };
  /** Newest height at which all tenants are executed, and the root of its summary. */
  executed: { height: Height; summaryRoot: Root };
};

export type BootOptions = {
  disk: Disk;
  genesis: Genesis;
  adapters: Partial<Record<Vm, Adapter>>;
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

const genesisResult = (genesis: Genesis, domain: Domain, seal: Seal): TenantResult => {
  const header = genesisHeader(genesis);
  const context = {
    height: header.height,
    number: 0,
    timestampMs: header.timestampMs,
    header: Header.root(header),
    parent: zeroRoot,
    parentHash: zeroRoot,
    certified: 0,
  };
  return tenantResult({ domain, context, writes: [], slice: [], executions: [], seal });
};

/** Summary of height 0 and everything the store needs of it. */
const genesisWrites = (genesis: Genesis, seals: ReadonlyMap<Domain, Seal>): DiskWrite[] => {
  const header = genesisHeader(genesis);
  const genesisRoot = Genesis.root(genesis);
  const block = { header, root: Header.root(header) };
  const results = [...seals].map(([domain, seal]) => genesisResult(genesis, domain, seal));
  const records = new Map(results.map(({ domain, record }) => [domain, record]));
  return [
    { key: keys.schema(), value: encodeHeight(schemaVersion) },
    { key: keys.genesis(), value: genesisRoot },
    ...results.flatMap((result) => tenantWrites(result, new Set())),
    ...orderWrites(block, genesisState(genesis, genesisRoot)),
    ...summaryWrites(summaryOf(block, zeroRoot, records)),
  ];
};

/** Number and hash of a tenant's newest stored block. */
const readHead = async (disk: Disk, domain: Domain): Promise<{ number: number; blockHash: Root }> => {
  const number = await disk.get(keys.tenantHead(domain));
  const stored = number && (await disk.get(keys.tenantBlock(domain, decodeHeight(number))));
  if (stored === undefined) throw new LockstepError("store_corrupt", `the store lacks the newest block of ${domain}`);
  return TenantRecord.decode(stored);
};

/** What an executor was restored to must be the tenant's newest stored block. */
const checkRestored = (domain: Domain, sealed: SealedHead, head: { number: number; blockHash: Root }): void => {
  if (sealed.number === head.number && equalBytes(sealed.blockHash, head.blockHash)) return;
  const message = `the restored state of domain ${domain} is not that of its stored block ${head.number}`;
  throw new LockstepError("store_corrupt", message);
};

/**
 * Opens the store, and every tenant's executor at its newest stored block. One that dies there comes later.
 * @throws LockstepError `schema_mismatch`, `genesis_mismatch`, `vm_unsupported`, `store_corrupt`
 */
export const boot = async ({ disk, genesis, adapters, openExecutor }: BootOptions): Promise<Booted> => {
  const genesisRoot = Genesis.root(genesis);
  const started = await checkStore(disk, genesisRoot);
  const tenants = new Map<Domain, Tenant>();
  const seals = new Map<Domain, Seal>();
  let stored = started;
  const source = (domain: Domain) => () => (stored ? stateSource(disk, domain) : undefined);

  for (const { domain, vm, name, config, budget } of genesis.tenants) {
    const adapter = adapters[vmName(vm) ?? "data"];
    if (adapter === undefined || vmName(vm) === undefined) {
      throw new LockstepError(
        "vm_unsupported",
        `domain ${domain} needs VM ${vmName(vm) ?? vm}, which this version lacks`,
      );
    }
    const opened = await openExecutor(adapter, { domain, config, budget, source: source(domain) });
    const { genesis: seal, ...executor } = opened;
    if (seal !== undefined) seals.set(domain, seal);
    const sealed = executor.isUp() ? await executor.ready() : undefined;
    const head = started ? await readHead(disk, domain) : seal;
    if (head === undefined) throw new LockstepError("store_corrupt", `domain ${domain} has no genesis`);
    if (sealed !== undefined) checkRestored(domain, sealed, head);
    const activatedAt = asHeight(0);
    tenants.set(domain, {
      ...executor,
      domain,
      name: new TextDecoder().decode(name),
      adapter,
      config,
      budget,
      activatedAt,
      stored: asHeight(activatedAt + head.number),
      head: head.blockHash,
      startedFrom: sealed,
    });
  }

  if (!started) await disk.write(genesisWrites(genesis, seals));
  stored = true;

  const height = asHeight(decodeHeight((await disk.get(keys.executed())) as Uint8Array));
  const summary = await disk.get(keys.summary(height));
  const ordered = await disk.get(keys.ordered());
  if (summary === undefined || ordered === undefined) {
    throw new LockstepError("store_corrupt", `the store lacks the summary of its newest height ${height}`);
  }
  return {
    tenants,
    ordered: OrderedRecord.decode(ordered),
    executed: { height, summaryRoot: Summary.root(Summary.decode(summary)) },
  };
};
