/** What tenants' transactions deposited for sponsors of bundles, height by height, until the ledger credits it. */
import type { Domain, Height } from "../../protocol/ids.ts";
import type { Due } from "../roster/entry.ts";
import type { DepositRecord, TenantRecord } from "../storage/records.ts";
import type { Credit } from "./accounts.ts";

export type DepositsOptions = {
  /** Newest stored height of each tenant that has one: what is above comes by `take`. */
  stored: ReadonlyMap<Domain, Height>;
  /** Tenants with a block at a height, increasing by domain. */
  due(height: Height): readonly Due[];
  record(domain: Domain, number: number): Promise<TenantRecord | undefined>;
};

export type Deposits = {
  /** Takes note of a stored result. */
  take(domain: Domain, record: Pick<TenantRecord, "height" | "deposits">): void;
  /** Those of a height at which all tenants' results are stored, in the order of domains. They are forgotten here. */
  at(height: Height): Promise<Credit[]>;
};

export const createDeposits = ({ stored, due, record }: DepositsOptions): Deposits => {
  const taken = new Map<Height, Map<Domain, readonly DepositRecord[]>>();
  return {
    take: (domain, { height, deposits }) => {
      if (deposits.length === 0) return;
      const known = taken.get(height) ?? new Map<Domain, readonly DepositRecord[]>();
      taken.set(height, known.set(domain, deposits));
    },
    at: async (height) => {
      const known = taken.get(height);
      taken.delete(height);
      const credits: Credit[] = [];
      for (const { domain, number } of due(height)) {
        const isOlder = height <= (stored.get(domain) ?? 0);
        const deposits = isOlder ? (await record(domain, number))?.deposits : known?.get(domain);
        for (const { sponsor, amount } of deposits ?? []) credits.push({ sponsor, domain, amount });
      }
      return credits;
    },
  };
};
