/**
 * Capacity: gas and bytes accrue per tenant with the chain's time, up to a burst; a block takes what its
 * batches declare, and what execution did not use flows back once the height is certified. Producers
 * pay with the size of their batches for what was hopeless when they ordered it. Pure integer arithmetic.
 */
import type { Allowance, TenantBudget } from "../../protocol/budget.ts";
import type { Domain, Height } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Capacity } from "../../protocol/ordering.ts";
import type { Summary } from "../../protocol/summary.ts";

/** What a batch, or a block, asks of a tenant's capacity. */
export type Load = {
  /** Legs of bundles among them. */
  transactions: number;
  gas: number;
  bytes: number;
  /** Gas of one transaction. */
  largest: number;
  /** Gas of the legs. */
  legGas: number;
};
export type Loads = ReadonlyMap<Domain, Load>;

/** Tokens that come with a second's rate in `elapsedMs`. */
const earned = (rate: number, elapsedMs: number): number => {
  const thousandths = rate * elapsedMs;
  return (thousandths - (thousandths % 1000)) / 1000;
};

const refill = (level: number, { rate, burst }: Allowance, elapsedMs: number): number =>
  Math.min(burst, level + earned(rate, elapsedMs));

export const fullCapacity = ({ gas, bytes }: TenantBudget): Capacity => ({
  gas: gas.burst,
  bytes: bytes.burst,
  uncertified: [],
});

/**
 * A tenant's capacity for a block `elapsedMs` after its parent, whose header newly certifies `summaries`
 * (in order of height): these tell what of the declared gas was used.
 */
export const accrue = (
  { gas, bytes, uncertified }: Capacity,
  domain: Domain,
  budget: TenantBudget,
  elapsedMs: number,
  summaries: readonly Summary[],
): Capacity => {
  const used = new Map(
    summaries.map(({ height, tenants }) => [height, tenants.find((tenant) => tenant.domain === domain)?.gasUsed ?? 0]),
  );
  const refund = uncertified.reduce((sum, { height, gas: declared }) => {
    const spent = used.get(height);
    return spent === undefined ? sum : sum + Math.max(0, declared - spent);
  }, 0);
  return {
    gas: Math.min(budget.gas.burst, refill(gas, budget.gas, elapsedMs) + refund),
    bytes: refill(bytes, budget.bytes, elapsedMs),
    uncertified: uncertified.filter(({ height }) => !used.has(height)),
  };
};

/** Gas that the legs of one block may ask for: lanes are never crowded out by bundles, whatever these come to. */
export const legAllowance = ({ gas }: TenantBudget): number =>
  (gas.burst * limits.bundlePercent - ((gas.burst * limits.bundlePercent) % 100)) / 100;

/** Why a load is too much for a capacity. */
export const refuteLoad = (load: Load, { gas, bytes }: Capacity, budget: TenantBudget): string | undefined => {
  if (load.largest > budget.gas.largest)
    return `a transaction of ${load.largest} gas, ${budget.gas.largest} are allowed`;
  const legs = legAllowance(budget);
  if (load.legGas > legs) return `${load.legGas} gas declared for legs of bundles, ${legs} are allowed`;
  if (load.gas > gas) return `${load.gas} gas declared, ${gas} are left`;
  if (load.bytes > bytes) return `${load.bytes} bytes, ${bytes} are left`;
  return undefined;
};

/** What a block at `height` leaves. */
export const charge = ({ gas, bytes, uncertified }: Capacity, height: Height, load: Load | undefined): Capacity => {
  if (load === undefined) return { gas, bytes, uncertified };
  return {
    gas: gas - load.gas,
    bytes: bytes - load.bytes,
    uncertified: load.gas === 0 ? uncertified : [...uncertified, { height, gas: load.gas }],
  };
};

/** Sum of loads, tenant by tenant. */
export const addLoads = (all: readonly Loads[]): Map<Domain, Load> => {
  const sum = new Map<Domain, Load>();
  for (const loads of all) {
    for (const [domain, load] of loads) {
      const before = sum.get(domain);
      if (before === undefined) sum.set(domain, load);
      else {
        sum.set(domain, {
          transactions: before.transactions + load.transactions,
          gas: before.gas + load.gas,
          bytes: before.bytes + load.bytes,
          largest: Math.max(before.largest, load.largest),
          legGas: before.legGas + load.legGas,
        });
      }
    }
  }
  return sum;
};

/** A producer's penalty in bytes after `elapsedMs`, with `hopeless` more transactions held against it. */
export const penaltyAfter = (penalty: number, elapsedMs: number, hopeless: number): number => {
  const left = Math.max(0, penalty - earned(limits.pardonedBytes, elapsedMs));
  return Math.min(limits.penaltyBytes, left + hopeless * limits.hopelessBytes);
};

/** Largest batch that a producer with this penalty may make. */
export const batchAllowance = (penalty: number): number => Math.max(0, limits.batchBytes - penalty);
