/** What a tenant may have ordered: so much a second in the long run, and so much at once. */
import { ContainerType } from "@chainsafe/ssz";
import type { Vm } from "./genesis.ts";
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

/** One tenant of each VM with these fits a block. */
const bytes: Allowance = { rate: 4 * MiB, burst: 2 * MiB };
const dataBytes: Allowance = { rate: 16 * MiB, burst: 8 * MiB };

/** What a tenant of each VM has where its genesis has no reason for something else. */
export const usualBudgets: Readonly<Record<Vm, TenantBudget>> = {
  data: { gas: { ...dataBytes, largest: 128 * 1024 }, bytes: dataBytes },
  evm: { gas: { rate: 300_000_000, burst: 100_000_000, largest: 30_000_000 }, bytes },
  svm: { gas: { rate: 120_000_000, burst: 60_000_000, largest: 1_400_000 }, bytes },
  cairo: { gas: { rate: 1_200_000_000, burst: 1_200_000_000, largest: 1_200_000_000 }, bytes },
  fuel: { gas: { rate: 1_000_000_000, burst: 200_000_000, largest: 100_000_000 }, bytes },
};
