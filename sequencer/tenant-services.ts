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

  /** A tenant that fell behind doesn't have all blocks that the others certified. */
  const certifiedNumber = (): number => Math.max(0, Math.min(node.heads().certified, tenant.stored) - activatedAt);

  return {
    domain,
    config: tenant.config,
    budget: tenant.budget,
    read: (request) => tenant.executor.read(request),
    submit: (transactions) => pool.submit(domain, transactions),
    heads: () => {
      return { executed: tenant.stored - activatedAt, certified: certifiedNumber() };
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
      let told = certifiedNumber();
      return events.subscribe(({ type }) => {
        const number = certifiedNumber();
        if ((type !== "certified" && type !== "tenant") || number <= told) return;
        told = number;
        listener(number);
      });
    },
    onPending: (listener) => pool.onPending(domain, listener),
  };
};
