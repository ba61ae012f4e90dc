/** What this node says of tenants: a list as things stand, and one of them with a proof. */
import type { FinalizedBlock } from "../../consensus/application.ts";
import { vmName } from "../../protocol/genesis.ts";
import type { Domain } from "../../protocol/ids.ts";
import { OrderingState, type OrderingTenant } from "../../protocol/ordering.ts";
import { proveField } from "../../protocol/ssz.ts";
import { tenantStatuses, tenantStatusName } from "../../protocol/summary.ts";
import { type Registration, writersOf } from "../../protocol/tenant.ts";
import type { TenantDetail, TenantProof } from "../service.ts";
import type { RosterEntry } from "./entry.ts";

type Entries = ReadonlyMap<Domain, RosterEntry>;

/** A finalized block, and the ordering state that its header commits to: the one after its parent. */
export type Judged = { block: FinalizedBlock; state: OrderingState };

/** Without where it is served. */
export const describeTenant = (tenant: OrderingTenant, registration: Registration): TenantDetail => {
  const { domain, owner, status, sequence, activatedAt, budget, capacity, port, ready } = tenant;
  const isPending = status === tenantStatuses.registered;
  return {
    domain,
    name: new TextDecoder().decode(registration.name),
    vm: vmName(tenant.vm) ?? "data",
    status: tenantStatusName(status),
    owner,
    writers: writersOf(registration) ?? [],
    budget,
    port,
    sequence,
    ...(isPending ? { ready: ready.length } : { activatedAt }),
    capacity: { gas: capacity.gas, bytes: capacity.bytes },
  };
};

export const describeTenants = (
  state: OrderingState,
  entries: Entries,
  urls: ReadonlyMap<number, { rpc: string; ws: string }>,
): TenantDetail[] =>
  state.tenants.flatMap((tenant): TenantDetail[] => {
    const registration = entries.get(tenant.domain)?.registration;
    return registration === undefined ? [] : [{ ...describeTenant(tenant, registration), ...urls.get(tenant.domain) }];
  });

export const proveTenant = ({ block, state }: Judged, entries: Entries, domain: Domain): TenantProof | undefined => {
  const index = state.tenants.findIndex((tenant) => tenant.domain === domain);
  const tenant = state.tenants[index];
  const registration = entries.get(domain)?.registration;
  if (tenant === undefined || registration === undefined) return undefined;
  return { block, index, tenant, branch: proveField(OrderingState, state, ["tenants", index]), registration };
};
