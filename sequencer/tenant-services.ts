/** What a tenant's own API gets from the node: its slice of everything, in native block numbers. */
import type { TenantBlock, TenantServices } from "../adapters/adapter.ts";
import type { Events } from "./events.ts";
import type { Pool } from "./mempool/pool.ts";
import type { Heads } from "./node-service.ts";
import type { Tenant } from "./pipeline/tenants.ts";
import type { History } from "./storage/history.ts";
import { outcomeKinds } from "./storage/records.ts";

export const createTenantServices = (
  tenant: Tenant,
  node: { pool: Pool; history: History; events: Events; heads(): Heads },
): TenantServices => {
  const { domain, activatedAt } = tenant;
  const { pool, history, events } = node;

  return {
    domain,
    config: tenant.config,
    budget: tenant.budget,
    read: (request) => tenant.executor.read(request),
    submit: (transactions) => pool.submit(domain, transactions),
    heads: () => {
      const { executed, certified } = node.heads();
      return { executed: executed - activatedAt, certified: Math.max(0, Math.min(certified, executed) - activatedAt) };
    },
    blockByNumber: (number) => history.tenantBlock(domain, number),
    blockByHash: async (hash): Promise<TenantBlock | undefined> => {
      const number = await history.numberOf(domain, hash);
      return number === undefined ? undefined : history.tenantBlock(domain, number);
    },
    locate: async (nativeId) => {
      const id = await history.idOf(domain, nativeId);
      const record = id === undefined ? undefined : await history.outcome(domain, id);
      if (record?.kind !== outcomeKinds.applied) return undefined;
      return { number: record.height - activatedAt, index: record.index };
    },
    pending: (nativeId) => pool.findNative(domain, nativeId)?.bytes,
    nextNonce: (sender, executed) => pool.nextNonce(domain, sender, executed),
    onBlock: (listener) =>
      events.subscribe((event) => {
        if (event.type === "tenant" && event.block.domain === domain) listener(event.block);
      }),
    onCertified: (listener) => {
      let told = node.heads().certified;
      return events.subscribe((event) => {
        if (event.type !== "certified" || event.height <= told) return;
        told = event.height;
        listener(event.height - activatedAt);
      });
    },
    onPending: (listener) => pool.onPending(domain, listener),
  };
};
