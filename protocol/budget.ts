/** What a tenant may have ordered: so much a second in the long run, and so much at once. */
import { ContainerType } from "@chainsafe/ssz";
import type { Vm } from "./genesis.ts";
import { limits, transactionLimits } from "./limits.ts";
import { uint64 } from "./ssz.ts";

/** Tokens a second, and how many can be saved up. */
export type Allowance = { rate: number; burst: number };

export type TenantBudget = {
  /** In the VM's own unit (gas, compute units, L2 gas; bytes for `data`), as transactions declare it. */
  gas: Allowance & {
    /** Of one transaction. */
    largest: number;
  };
  /** Of the transactions themselves. */
  bytes: Allowance;
};

export const budgetType = new ContainerType({
  gas: new ContainerType({ rate: uint64, burst: uint64, largest: uint64 }),
  bytes: new ContainerType({ rate: uint64, burst: uint64 }),
});

const MiB = 1024 * 1024;

/** A burst comes back in half a second. */
const bytesOf = (burst: number): Allowance => ({ rate: 2 * burst, burst });

/**
 * Control transactions: a unit of gas for each signature that has to be checked. There is room beside the largest
 * one, so that small ones never wait for their producer's turn.
 */
export const controlBudget: TenantBudget = {
  gas: { rate: 128, burst: 2 * limits.validators, largest: limits.validators },
  bytes: bytesOf(MiB),
};

/** Of the lane of bundles itself: what their legs ask for counts at their tenants. */
export const bundleBudget: TenantBudget = {
  gas: { rate: 0, burst: 0, largest: 0 },
  bytes: { rate: 0, burst: limits.bundleBytes },
};

/** Why a tenant can't have this budget: it must be able to take its own largest transaction, and leave room to others. */
export const refuteBudget = ({ gas, bytes }: TenantBudget): string | undefined => {
  for (const value of [gas.rate, gas.burst, gas.largest, bytes.rate, bytes.burst]) {
    if (value < 2 || value > limits.allowance) return `each of its figures is between 2 and ${limits.allowance}`;
  }
  if (gas.largest > gas.burst) return "its largest transaction is above its burst of gas";
  if (bytes.burst > limits.blockBytes) return `its burst of bytes is above the ${limits.blockBytes} of a block`;
  return undefined;
};

/** Why these tenants can't share the network's blocks: no lane may crowd another one out of a block. */
export const refuteBudgets = (budgets: readonly TenantBudget[]): string | undefined => {
  for (const budget of budgets) {
    const refutation = refuteBudget(budget);
    if (refutation !== undefined) return refutation;
  }
  const bursts = budgets.reduce((sum, { bytes }) => sum + bytes.burst, 0);
  const room = limits.blockBytes - controlBudget.bytes.burst;
  return bursts <= room ? undefined : `their bursts of bytes come to ${bursts}, a block has ${room} for tenants`;
};

const dataBytes = bytesOf(8 * MiB);

/** What a tenant of each VM has where its genesis has no reason for something else. */
export const usualBudgets: Readonly<Record<Vm, TenantBudget>> = {
  data: { gas: { ...dataBytes, largest: transactionLimits.data }, bytes: dataBytes },
  evm: { gas: { rate: 300_000_000, burst: 100_000_000, largest: 30_000_000 }, bytes: bytesOf(MiB) },
  svm: { gas: { rate: 120_000_000, burst: 60_000_000, largest: 1_400_000 }, bytes: bytesOf(MiB / 2) },
  cairo: { gas: { rate: 1_200_000_000, burst: 1_200_000_000, largest: 1_200_000_000 }, bytes: bytesOf(3 * MiB) },
  fuel: { gas: { rate: 1_000_000_000, burst: 200_000_000, largest: 100_000_000 }, bytes: bytesOf(MiB) },
};
