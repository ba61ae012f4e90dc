/** A real network for the benchmark: validators in processes of their own, with disks that they sync. */
import { plansOf, type TenantName } from "../../devnet/tenants.ts";
import { startDevnet } from "../e2e/devnet.ts";
import { executorsOf } from "../e2e/processes.ts";
import type { Workspace } from "./workspace.ts";

export type Network = {
  apis: string[];
  /** Of each validator, the tenants' own RPCs by VM. */
  rpcs: Partial<Record<TenantName, string>>[];
  /** Process ids by kind. */
  validators: readonly number[];
  executors: readonly number[];
  end(): Promise<void>;
};

export const startNetwork = async (
  workspace: Workspace,
  validators: 1 | 4,
  tenants: readonly TenantName[],
): Promise<Network> => {
  const dataDir = await workspace.folder("devnet");
  const devnet = await startDevnet({
    dataDir,
    flags: ["--validators", String(validators), "--tenants", tenants.join(","), "--no-restart"],
  });
  const { ready } = devnet;
  const pids = ready.validators.map(({ pid }) => pid);
  return {
    apis: ready.validators.map(({ api }) => api),
    rpcs: ready.validators.map((validator) =>
      Object.fromEntries(
        plansOf(tenants).map(({ name, domain }) => [
          name,
          validator.tenants.find((tenant) => tenant.domain === domain)?.rpc,
        ]),
      ),
    ),
    validators: pids,
    executors: pids.flatMap(executorsOf),
    end: devnet.remove,
  };
};
