/** Control transactions of an owner: signed, handed in, and followed until it is known what became of them. */
import { setTimeout } from "node:timers/promises";
import { loadAdapter } from "../adapters/registry.ts";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import type { ControlBody } from "../protocol/control.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { Vm } from "../protocol/genesis.ts";
import type { Domain, Height, Root } from "../protocol/ids.ts";
import { tenantStatuses } from "../protocol/summary.ts";
import type { TenantsWire, TransactionWire } from "../protocol/wire.ts";
import { describeRefusal } from "../sequencer/control/admission.ts";
import { signControl } from "../sequencer/control/commands.ts";
import { controlRefusals } from "../sequencer/control/ledger.ts";
import type { TenantApi } from "./tenantApi.ts";

const pollMs = 200;
/** How often it is asked what became of a transaction: two minutes. */
const looks = 600;
/** How often a node is asked where it serves an active tenant: half a minute. */
const servedLooks = 150;

export type Ordered = { id: Root; height: Height };
export type TenantLine = TenantsWire[number];

const reasonOf = (reason: string | undefined): string => {
  const code = controlRefusals.find((each) => each === reason);
  return code === undefined ? (reason ?? "it is no control transaction") : describeRefusal(code);
};

/** A node that is being started again knows it afterwards. */
const stateOf = async (api: TenantApi, id: Root): Promise<TransactionWire | undefined> => {
  try {
    return await api.transaction(id);
  } catch (error) {
    if (error instanceof LockstepError && error.code === "unreachable") return undefined;
    throw error;
  }
};

/** @throws LockstepError what it was left out for, or `not_ordered` */
const follow = async (api: TenantApi, id: Root): Promise<Height> => {
  for (let look = 0; look < looks; look++, await setTimeout(pollMs)) {
    const { status, height, reason } = (await stateOf(api, id)) ?? { status: "pending" };
    if (status === "executed" && height !== undefined) return height;
    if (status === "pending" || status === "ordered") continue;
    const message = `The transaction was ${status}: ${reasonOf(reason)}`;
    throw new LockstepError(reason ?? status, message, { id });
  }
  throw new LockstepError(
    "not_ordered",
    "No block took the transaction so far: `lockstep tenant list` tells if it comes.",
  );
};

/** Hands in one control transaction and follows it until a block applied it. */
export const handIn = async (api: TenantApi, transaction: Uint8Array): Promise<Ordered> => {
  const id = await api.submit(transaction);
  return { id, height: await follow(api, id) };
};

/** The same for one with a single signature. */
export const change = async (api: TenantApi, signer: BlsSigner, body: ControlBody): Promise<Ordered> =>
  await handIn(api, signControl(signer, await api.genesis(), body));

export const findTenant = async (api: TenantApi, domain: Domain): Promise<TenantLine | undefined> =>
  (await api.tenants()).find((tenant) => tenant.domain === domain);

export type NewStatus = "paused" | "active" | "retired";

/** @throws LockstepError `unknown_tenant`, or why it can't be */
export const changeStatus = async (
  api: TenantApi,
  signer: BlsSigner,
  domain: Domain,
  status: NewStatus,
): Promise<Ordered> => {
  const tenant = await findTenant(api, domain);
  if (tenant === undefined) {
    throw new LockstepError("unknown_tenant", `No tenant has domain ${domain}: \`lockstep tenant list\` shows them.`);
  }
  const value = { domain, sequence: tenant.sequence + 1, status: tenantStatuses[status] };
  return await change(api, signer, { kind: "setStatus", value });
};

/**
 * Waits until a registered tenant is active, and served by the node that is asked, where its VM has an API.
 *
 * @throws LockstepError `not_ready` when the network gave up on it
 */
export const untilActive = async (api: TenantApi, domain: Domain, vm: Vm): Promise<TenantLine> => {
  const hasApi = (await loadAdapter(vm)).serve !== undefined;
  for (let active = 0; ; await setTimeout(pollMs)) {
    const tenant = await findTenant(api, domain);
    if (tenant === undefined) {
      throw new LockstepError(
        "not_ready",
        "The validators did not become ready for the tenant in time; register it again.",
      );
    }
    if (tenant.status === "registered") continue;
    if (!hasApi || tenant.rpc !== undefined || ++active > servedLooks) return tenant;
  }
};
