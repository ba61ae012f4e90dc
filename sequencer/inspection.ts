/** Asks a tenant's executor about transactions, also while its process is away. */
import type { TransactionFacts } from "../adapters/adapter.ts";
import { failure, LockstepError, type Result } from "../protocol/errors.ts";
import type { Domain, Height } from "../protocol/ids.ts";
import type { EntryFacts } from "./mempool/entry.ts";
import { pipelineLimits } from "./pipeline/limits.ts";
import type { Tenants } from "./pipeline/tenants.ts";

export type Inspect = (domain: Domain, transactions: readonly Uint8Array[]) => Promise<Result<EntryFacts>[]>;

/**
 * Answers `unavailable` for each transaction while the executor is started again, and while it is so far behind the
 * certified height that this node would order what is known to be hopeless.
 */
export const createTenantInspect =
  (tenants: Tenants, certified: () => Height, method: "inspect" | "inspectLegs") =>
  async (domain: Domain, transactions: readonly Uint8Array[]): Promise<Result<TransactionFacts>[]> => {
    const tenant = tenants.get(domain);
    if (tenant === undefined || transactions.length === 0) return [];
    const away = (message: string) => transactions.map(() => failure("unavailable", message, { domain }));
    const missing = certified() - tenant.stored;
    if (missing > pipelineLimits.staleHeights) {
      return away(`this node is ${missing} heights behind with tenant ${domain}; try another node, or later`);
    }
    try {
      return await tenant.executor[method](transactions);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      return away("the tenant's executor is being restarted; try again in a moment");
    }
  };
