/**
 * The tenants of the network as this node follows them: from registration over readiness to activation, and what
 * becomes of their status. It opens their executors; what is executed when is the pipeline's business.
 */
import type { Adapter, StateSource } from "../../adapters/adapter.ts";
import type { TenantExecutor } from "../../adapters/host/host.ts";
import { equalBytes } from "../../protocol/bytes.ts";
import type { Recovery } from "../../protocol/control.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { type Vm, vmName } from "../../protocol/genesis.ts";
import { asHeight, type Domain, type Height, type PublicKey, type Root, zeroRoot } from "../../protocol/ids.ts";
import type { OrderingState, OrderingTenant } from "../../protocol/ordering.ts";
import type { Disk, DiskWrite, Runtime } from "../../protocol/ports.ts";
import { tenantStatuses } from "../../protocol/summary.ts";
import { Registration, writersOf } from "../../protocol/tenant.ts";
import type { Command } from "../control/ledger.ts";
import type { Tenant } from "../pipeline/tenants.ts";
import { below, keys, prefixes } from "../storage/keys.ts";
import { activatedAt, type Due, dropAfter, dueAt, RosterEntry, retiredAt, statusAt } from "./entry.ts";
import { createLateExecutor, type LateExecutor } from "./lateExecutor.ts";
import { createProbe, type Probe } from "./probe.ts";

/** Opens an executor that comes back by itself when its process dies. */
export type OpenSupervised = (
  adapter: Adapter,
  options: Pick<Registration, "domain" | "config" | "budget"> & {
    writers?: readonly string[];
    source(): StateSource | undefined;
  },
) => Promise<TenantExecutor>;

export type Roster = {
  /** Tenants that this node executes; one is added when a settled block activates it. */
  readonly tenants: ReadonlyMap<Domain, Tenant>;
  readonly entries: ReadonlyMap<Domain, RosterEntry>;
  add(tenant: Tenant): void;
  /** Tenants that have a block at a height, in order of domain. */
  due(height: Height): Due[];
  /**
   * Takes over what a settled block did to tenants; gives the writes to make with its order. What a recovery does
   * stands in the store only: heights before the block are still executed as they were ordered.
   */
  settle(height: Height, after: OrderingState, commands: readonly Command[], recovery?: Recovery): Promise<DiskWrite[]>;
  /** Opens the executors of tenants that are registered only, so that they become ready. */
  follow(state: OrderingState): void;
  /** Whether this node's engine takes a registration, and the block 0 that it makes of it. */
  probe: Probe;
  /** Why tenants are not open here, in sentences. */
  problems(): string[];
  close(): Promise<void>;
};

export type RosterOptions = {
  self: PublicKey;
  runtime: Runtime;
  entries: ReadonlyMap<Domain, RosterEntry>;
  loadAdapter(vm: Vm): Promise<Adapter>;
  openExecutor: OpenSupervised;
  /** Stored state of a tenant that has blocks. */
  source(domain: Domain): StateSource | undefined;
  /** Has it ordered that this node runs a registered tenant, whose block 0 has this hash. */
  declareReady(domain: Domain, genesis: Root): void;
  /** Called when a settled block activates a tenant. */
  onActivated(tenant: Tenant): void;
};

/** How long a declaration of readiness may take before it is repeated. */
const readyRetryMs = 5_000;

/** Reads the roster of a store that has one. */
export const readRoster = async (disk: Disk): Promise<Map<Domain, RosterEntry>> => {
  const entries = new Map<Domain, RosterEntry>();
  for await (const [, value] of disk.range(below(prefixes.roster()))) {
    const entry = RosterEntry.decode(value);
    entries.set(entry.registration.domain, entry);
  }
  return entries;
};

export const rosterWrite = (entry: RosterEntry): DiskWrite => ({
  key: keys.roster(entry.registration.domain),
  value: RosterEntry.encode(entry),
});

const nameOf = ({ name }: Registration): string => new TextDecoder().decode(name);

/** The adapter of a registration's VM, and what its executor is opened with. */
export const openRegistered = async (
  { loadAdapter, openExecutor }: Pick<RosterOptions, "loadAdapter" | "openExecutor">,
  registration: Registration,
  source: () => StateSource | undefined,
): Promise<{ adapter: Adapter; opened: TenantExecutor }> => {
  const { domain, vm, config, budget } = registration;
  const name = vmName(vm);
  if (name === undefined) {
    throw new LockstepError("vm_unsupported", `domain ${domain} needs VM ${vm}, which this version lacks`);
  }
  const adapter = await loadAdapter(name);
  const writers = writersOf(registration);
  const opened = await openExecutor(adapter, { domain, config, budget, ...(writers ? { writers } : {}), source });
  return { adapter, opened };
};

export const createRoster = (options: RosterOptions): Roster => {
  const { runtime } = options;
  const entries = new Map(options.entries);
  const tenants = new Map<Domain, Tenant>();
  const pending = new Map<Domain, { late: LateExecutor; declaredMs: number }>();

  const declare = (tenant: OrderingTenant): void => {
    const waiting = pending.get(tenant.domain);
    if (waiting === undefined || !waiting.late.isUp() || runtime.now() - waiting.declaredMs < readyRetryMs) return;
    if (tenant.ready.some(({ publicKey }) => equalBytes(publicKey, options.self))) return;
    waiting.declaredMs = runtime.now();
    void waiting.late.genesis().then(({ blockHash }) => options.declareReady(tenant.domain, blockHash));
  };

  const prepare = ({ registration }: RosterEntry): LateExecutor => {
    const { domain } = registration;
    const known = pending.get(domain);
    if (known !== undefined) return known.late;
    const open = () => openRegistered(options, registration, () => options.source(domain));
    const late = createLateExecutor(async () => (await open()).opened, runtime);
    pending.set(domain, { late, declaredMs: runtime.now() });
    late.genesis().then(
      ({ blockHash }) => options.declareReady(domain, blockHash),
      () => {},
    );
    return late;
  };

  const drop = (domain: Domain): void => {
    void pending.get(domain)?.late.executor.close();
    pending.delete(domain);
  };

  const activate = async (entry: RosterEntry, height: Height): Promise<void> => {
    const { registration } = entry;
    const { domain } = registration;
    const late = prepare(entry);
    pending.delete(domain);
    const tenant: Tenant = {
      ...late,
      domain,
      name: nameOf(registration),
      adapter: await options.loadAdapter(vmName(registration.vm) ?? "data"),
      config: registration.config,
      budget: registration.budget,
      entry,
      activatedAt: height,
      stored: asHeight(height - 1),
      head: zeroRoot,
      startedFrom: undefined,
    };
    tenants.set(domain, tenant);
    options.onActivated(tenant);
  };

  const probe = createProbe(async (registration) => {
    const { opened } = await openRegistered(options, registration, () => undefined);
    await opened.executor.close();
    if (opened.genesis === undefined) throw new LockstepError("bad_config", "the engine made no block 0 of it");
    return opened.genesis;
  });

  const registrationOf = (tenant: OrderingTenant, commands: readonly Command[]): Registration => {
    for (const { body } of commands) {
      if (body.kind === "register" && equalBytes(Registration.root(body.value), tenant.registration)) return body.value;
    }
    throw new LockstepError("store_corrupt", `domain ${tenant.domain} was registered by no transaction of its block`);
  };

  return {
    tenants,
    entries,
    add: (tenant) => void tenants.set(tenant.domain, tenant),
    due: (height) => dueAt(entries, height),
    settle: async (height, after, commands, recovery) => {
      const writes: DiskWrite[] = [];
      const known = new Set(after.tenants.map(({ domain }) => domain));
      for (const domain of [...entries.keys()].filter((each) => !known.has(each))) {
        entries.delete(domain);
        drop(domain);
        writes.push({ key: keys.roster(domain), value: undefined });
      }
      for (const tenant of after.tenants) {
        const before = entries.get(tenant.domain);
        if (before !== undefined && recovery?.drop.includes(tenant.domain)) {
          writes.push(rosterWrite(dropAfter(before, recovery.base)));
          continue;
        }
        const entry = before ?? { registration: registrationOf(tenant, commands), changes: [], dropped: [] };
        const changed = entry.dropped.length === 0 && tenant.status !== statusAt(entry, height);
        const isFirst = entry.changes.length === 0;
        if (before === undefined) entries.set(tenant.domain, entry);
        if (changed) entry.changes.push({ height, status: tenant.status });
        if (before === undefined || changed) writes.push(rosterWrite(entry));
        if (changed && isFirst) await activate(entry, height);
      }
      return writes;
    },
    follow: (state) => {
      for (const tenant of state.tenants) {
        const entry = entries.get(tenant.domain);
        if (tenant.status !== tenantStatuses.registered || entry === undefined) continue;
        prepare(entry);
        declare(tenant);
      }
    },
    probe,
    problems: () =>
      [...pending].flatMap(([domain, { late }]) => {
        const problem = late.problem();
        return problem === undefined ? [] : [`tenant ${domain} is registered and can't be opened here: ${problem}`];
      }),
    close: async () => {
      for (const domain of [...pending.keys()]) drop(domain);
      await Promise.all([...tenants.values()].map(({ executor }) => executor.close()));
    },
  };
};

/** Whether a tenant of a stored roster still has blocks to be executed or served. */
export const isOpenEntry = (entry: RosterEntry, stored: Height | undefined): boolean => {
  const [first, last] = [activatedAt(entry), retiredAt(entry)];
  return first !== undefined && (last === undefined || stored === undefined || stored < last);
};
