/** Asks a tenant's executor about transactions, also while its process is away. */
import type { TransactionFacts } from "../adapters/adapter.ts";
import { failure, LockstepError, type Result } from "../protocol/errors.ts";
import type { Domain } from "../protocol/ids.ts";
import type { Tenants } from "./pipeline/tenants.ts";

export type Inspect = (domain: Domain, transactions: readonly Uint8Array[]) => Promise<Result<TransactionFacts>[]>;

/** Answers `unavailable` for each transaction while the executor is started again. */
export const createInspect =
  (tenants: Tenants): Inspect =>
  async (domain, transactions) => {
    const tenant = tenants.get(domain);
    if (tenant === undefined || transactions.length === 0) return [];
    try {
      return await tenant.executor.inspect(transactions);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      const away = failure("unavailable", "the tenant's executor is being restarted; try again in a moment");
      return transactions.map(() => away);
    }
  };
