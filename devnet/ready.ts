/** What a running devnet tells scripts: one line when all of it serves, and one for every event after. */
import type { NodeReady } from "../cli/nodeReady.ts";
import { type Hex, toHex } from "../protocol/bytes.ts";
import { type Account, evmAccounts, type SvmAccount, svmAccounts } from "./accounts.ts";
import type { DevnetNetwork } from "./network.ts";

type TenantEndpoint = { domain: number; rpc?: string | undefined; ws?: string | undefined };

export type DevnetReady = {
  ready: true;
  /** API and tenants of validator 0; those of the others are under `validators`. */
  api: string;
  genesis: Hex;
  trustedRoot: Hex;
  validators: {
    index: number;
    pid: number;
    api: string;
    publicKey: Hex;
    dataDir: string;
    tenants: TenantEndpoint[];
  }[];
  tenants: (TenantEndpoint & { vm: string })[];
  accounts: { evm?: Account[]; svm?: SvmAccount[] };
};

export type DevnetEvent =
  | {
      event: "validator_exited";
      index: number;
      pid: number;
      code: number | null;
      signal: string | null;
      /** Its last line on standard error; empty when it said nothing. */
      reason: string;
    }
  | { event: "validator_restarted"; index: number; pid: number }
  | { event: "stopping"; reason: string }
  | { event: "stopped" };

/** @param pids process ids by index of validator; some may have been started again since they were ready */
export const describeDevnet = (
  network: DevnetNetwork,
  nodes: readonly NodeReady[],
  pids: readonly (number | undefined)[],
): DevnetReady => {
  const [first] = nodes;
  return {
    ready: true,
    api: first?.api ?? "",
    genesis: toHex(network.genesisRoot),
    trustedRoot: toHex(network.trustedRoot),
    validators: network.validators.flatMap(({ index, publicKey, folder }) =>
      nodes
        .filter((node) => node.index === index)
        .map(({ pid, api, tenants }) => ({
          index,
          pid: pids[index] ?? pid,
          api,
          publicKey: toHex(publicKey),
          dataDir: folder,
          tenants: tenants.map(({ vm: _, ...endpoint }) => endpoint),
        })),
    ),
    tenants: (first?.tenants ?? []).map(({ domain, vm, ...urls }) => ({ domain, vm, ...urls })),
    accounts: {
      ...(network.tenants.includes("evm") ? { evm: evmAccounts() } : {}),
      ...(network.tenants.includes("svm") ? { svm: svmAccounts() } : {}),
    },
  };
};
