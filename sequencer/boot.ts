/** Opens a node's store: makes it at the first start, and at later ones brings back what was executed. */
import type { Adapter, Seal, SealedHead, StateSource } from "../adapters/adapter.ts";
import type { TenantExecutor } from "../adapters/host/host.ts";
import type { TenantBudget } from "../protocol/budget.ts";
import { equalBytes, toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis, type Vm, vmName } from "../protocol/genesis.ts";
import { Header } from "../protocol/header.ts";
import { asEpoch, asHeight, asRevision, type Domain, type Height, type Root, zeroRoot } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import type { Disk, DiskWrite } from "../protocol/ports.ts";
import { Summary } from "../protocol/summary.ts";
import { genesisHeader } from "./block/genesis.ts";
import { genesisState, OrderingState } from "./control/state.ts";
import { type TenantResult, tenantResult, tenantSummary } from "./pipeline/execute.ts";
import type { Tenant, Tenants } from "./pipeline/tenants.ts";
import { heightWrites, tenantWrites } from "./pipeline/writes.ts";
import { below, decodeHeight, encodeHeight, keys, prefixes, schemaVersion } from "./storage/keys.ts";
import { TenantRecord } from "./storage/records.ts";

/** Opens an executor that comes back by itself when its process dies. */
export type OpenSupervised = (
  adapter: Adapter,
  options: { domain: Domain; config: Uint8Array; budget: TenantBudget; source(): StateSource | undefined },
) => Promise<TenantExecutor>;

export type Booted = {
  tenants: Tenants;
  /** Newest executed height, the root of its header and that of its summary. */
  executed: { height: Height; header: Root; summaryRoot: Root };
  /** Ordering state after the executed height. */
  state: OrderingState;
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
const genesisWrites = (genesis: Genesis, seals: ReadonlyMap<Domain, Seal>) => {
  const header = genesisHeader(genesis);
  const genesisRoot = Genesis.root(genesis);
  const results = [...seals].map(([domain, seal]) => genesisResult(genesis, domain, seal));
  const summary: Summary = {
    epoch: asEpoch(0),
    height: asHeight(0),
    revision: asRevision(0),
    header: Header.root(header),
    previous: zeroRoot,
    timestampMs: header.timestampMs,
    accountsRoot: zeroRoot,
    tenants: results.map(tenantSummary),
    bundles: [],
    hopeless: [],
  };
  const writes: DiskWrite[] = [
    { key: keys.schema(), value: encodeHeight(schemaVersion) },
    { key: keys.genesis(), value: genesisRoot },
    ...results.flatMap((result) => tenantWrites(result, new Set())),
    ...heightWrites(asHeight(0), summary, genesisState(genesis, genesisRoot)),
  ];
  return { summary, writes };
};

/** Hash of a tenant's newest stored block, which must be that of the restored executor. */
const checkHead = async (disk: Disk, domain: Domain, sealed: SealedHead): Promise<Root> => {
  const stored = await disk.get(keys.tenantBlock(domain, sealed.number));
  const blockHash = stored === undefined ? undefined : TenantRecord.decode(stored).blockHash;
  if (blockHash === undefined || !equalBytes(blockHash, sealed.blockHash)) {
    const message = `the restored state of domain ${domain} is not that of its stored block ${sealed.number}`;
    throw new LockstepError("store_corrupt", message);
  }
  return blockHash;
};

/**
 * Opens the store and every tenant's executor at the newest executed height.
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
    if (opened.genesis !== undefined) seals.set(domain, opened.genesis);
    const sealed = await opened.ready();
    tenants.set(domain, {
      domain,
      name: new TextDecoder().decode(name),
      adapter,
      config,
      budget,
      activatedAt: asHeight(0),
      executor: opened.executor,
      ready: opened.ready,
      startedFrom: sealed,
      head: started ? await checkHead(disk, domain, sealed) : sealed.blockHash,
    });
  }

  if (!started) await disk.write(genesisWrites(genesis, seals).writes);
  stored = true;

  const height = asHeight(decodeHeight((await disk.get(keys.executed())) as Uint8Array));
  const summary = await disk.get(keys.summary(height));
  const state = await disk.get(keys.orderingState());
  if (summary === undefined || state === undefined) {
    throw new LockstepError("store_corrupt", `the store lacks the summary of its newest height ${height}`);
  }
  const newest = Summary.decode(summary);
  return {
    tenants,
    executed: { height, header: newest.header, summaryRoot: Summary.root(newest) },
    state: OrderingState.decode(state),
  };
};
