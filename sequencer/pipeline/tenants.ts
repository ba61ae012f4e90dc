/** The tenants of this node: adapter, executor and the newest sealed block of each. */
import type { Adapter, Executor, SealedHead } from "../../adapters/adapter.ts";
import type { TenantBudget } from "../../protocol/budget.ts";
import type { Domain, Height, Root } from "../../protocol/ids.ts";

export type Tenant = {
  domain: Domain;
  name: string;
  adapter: Adapter;
  config: Uint8Array;
  budget: TenantBudget;
  activatedAt: Height;
  executor: Executor;
  /** The block that the running executor started from; waits while its process is started again. */
  ready(): Promise<SealedHead>;
  /** What `ready` gave when the executor was last known to be at `head`. */
  startedFrom: SealedHead;
  /** Hash of the newest sealed block. */
  head: Root;
};

export type Tenants = ReadonlyMap<Domain, Tenant>;
