/** Asks a tenant's executor about transactions, also while its process is away. */
import type { TransactionFacts } from "../adapters/adapter.ts";
import { controlDomain } from "../protocol/control.ts";
import { failure, LockstepError, type Result } from "../protocol/errors.ts";
import type { Domain } from "../protocol/ids.ts";
import type { Tenants } from "./pipeline/tenants.ts";

export type Inspect = (domain: Domain, transactions: readonly Uint8Array[]) => Promise<Result<TransactionFacts>[]>;

/** Answers `unavailable` for each transaction while the executor is started again; `control` answers for domain 0. */
export const createInspect =
  (tenants: Tenants, control: (transactions: readonly Uint8Array[]) => Promise<Result<TransactionFacts>[]>): Inspect =>
  async (domain, transactions) => {
    if (domain === controlDomain) return await control(transactions);
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
