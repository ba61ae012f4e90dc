/** What a running devnet tells scripts: one line when it serves, and one for every event after. */
import type { NodeReady } from "../cli/nodeReady.ts";
import { type Hex, toHex } from "../protocol/bytes.ts";
import { type Accounts, accountsOf } from "./accounts.ts";
import type { ServedTenant, ValidatorStatus } from "./health.ts";
import type { DevnetNetwork } from "./network.ts";
import type { TenantPlan } from "./tenants.ts";

type Urls = { rpc?: string | undefined; ws?: string | undefined };

/** A tenant and its API at validator 0. */
export type DevnetTenant = Urls & { domain: number; vm: string };

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
    tenants: (Urls & { domain: number })[];
  }[];
  tenants: DevnetTenant[];
  accounts: Accounts;
};

/** A tenant came to run after the ready line, at every validator. */
export type TenantJoined = DevnetTenant & {
  event: "tenant";
  validators: (Urls & { index: number })[];
  accounts: Accounts;
};

/** One could not: why, and what to do. */
export type TenantFailed = { event: "tenant_failed"; domain: number; vm: string; code: string; message: string };

export type DevnetEvent =
  | TenantJoined
  | TenantFailed
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
  statuses: readonly (ValidatorStatus | undefined)[],
  pids: readonly (number | undefined)[],
): DevnetReady => {
  const [first] = nodes;
  const served = (index: number): ServedTenant[] => statuses[index]?.tenants ?? [];
  return {
    ready: true,
    api: first?.api ?? "",
    genesis: toHex(network.genesisRoot),
    trustedRoot: toHex(network.trustedRoot),
    validators: network.validators.flatMap(({ index, publicKey, folder }) =>
      nodes
        .filter((node) => node.index === index)
        .map(({ pid, api }) => ({
          index,
          pid: pids[index] ?? pid,
          api,
          publicKey: toHex(publicKey),
          dataDir: folder,
          tenants: served(index).map(({ vm: _, ...endpoint }) => endpoint),
        })),
    ),
    tenants: served(0),
    accounts: accountsOf(served(0).map(({ vm }) => vm)),
  };
};

/** @param statuses by index of validator */
export const describeJoined = (
  { domain, name }: TenantPlan,
  statuses: readonly (ValidatorStatus | undefined)[],
): TenantJoined => {
  const validators = statuses.map((status, index) => {
    const { rpc, ws } = status?.tenants.find((tenant) => tenant.domain === domain) ?? {};
    return { index, rpc, ws };
  });
  const { index: _, ...urls } = validators[0] ?? { index: 0 };
  return { event: "tenant", domain, vm: name, ...urls, validators, accounts: accountsOf([name]) };
};
