/** A real network for the benchmark: validators in processes of their own, with disks that they sync. */
import type { DevnetReady } from "../../devnet/ready.ts";
import type { TenantName } from "../../devnet/tenants.ts";
import { startDevnet } from "../e2e/devnet.ts";
import { executorsOf } from "../e2e/processes.ts";
import type { Workspace } from "./workspace.ts";

export type Network = {
  apis: string[];
  /** Of the EVM tenant, one for each validator. */
  rpcs: string[];
  accounts: NonNullable<DevnetReady["accounts"]["evm"]>;
  /** Process ids by kind. */
  validators: readonly number[];
  executors: readonly number[];
  end(): Promise<void>;
};

export const startNetwork = async (workspace: Workspace, validators: 1 | 4, tenant: TenantName): Promise<Network> => {
  const dataDir = await workspace.folder("devnet");
  const devnet = await startDevnet({
    dataDir,
    flags: ["--validators", String(validators), "--tenants", tenant, "--no-restart"],
  });
  const { ready } = devnet;
  const pids = ready.validators.map(({ pid }) => pid);
  return {
    apis: ready.validators.map(({ api }) => api),
    rpcs: ready.validators.flatMap(({ tenants }) => tenants.flatMap(({ rpc }) => rpc ?? [])),
    accounts: ready.accounts.evm ?? [],
    validators: pids,
    executors: pids.flatMap(executorsOf),
    end: devnet.remove,
  };
};
