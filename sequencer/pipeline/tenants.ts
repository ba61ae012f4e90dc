/** The tenants of this node: adapter, executor and the newest sealed block of each. */
import type { Adapter, Seal, SealedHead } from "../../adapters/adapter.ts";
import type { TenantExecutor } from "../../adapters/host/host.ts";
import type { TenantBudget } from "../../protocol/budget.ts";
import type { Domain, Height, Root } from "../../protocol/ids.ts";

import { type RosterEntry, retiredAt } from "../roster/entry.ts";

export type Tenant = Omit<TenantExecutor, "genesis"> & {
  domain: Domain;
  name: string;
  adapter: Adapter;
  config: Uint8Array;
  budget: TenantBudget;
  entry: RosterEntry;
  activatedAt: Height;
  /** Block 0, of a tenant that has none stored. */
  genesis?(): Promise<Seal>;
  /** Newest height whose result is stored, and the hash of its block. */
  stored: Height;
  head: Root;
  /** What `ready` gave when the executor was last known to be at `head`. */
  startedFrom: SealedHead | undefined;
};

export type Tenants = ReadonlyMap<Domain, Tenant>;

/** Up to which height nothing is missing of a tenant; infinite once it is retired and done. */
export const reached = ({ stored, entry }: Tenant): number =>
  stored === retiredAt(entry) ? Number.POSITIVE_INFINITY : stored;
