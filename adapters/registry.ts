/** Finds the adapter of a VM. Each is loaded only when a tenant needs it. */
import { LockstepError } from "../protocol/errors.ts";
import type { Vm } from "../protocol/genesis.ts";
import type { Adapter } from "./adapter.ts";

/** @throws LockstepError `unknown_vm` */
export const loadAdapter = async (vm: Vm): Promise<Adapter> => {
  switch (vm) {
    case "data":
      return (await import("./data/adapter.ts")).dataAdapter;
    case "evm":
      return (await import("./evm/adapter.ts")).evmAdapter;
    case "fuel":
      return (await import("./fuel/adapter.ts")).fuelAdapter;
    case "svm":
      return (await import("./svm/adapter.ts")).svmAdapter;
    case "cairo":
      return (await import("./cairo/adapter.ts")).cairoAdapter;
    default:
      throw new LockstepError("unknown_vm", `there is no adapter for ${vm} tenants`, { vm });
  }
};
