/** A tenant: from a final header over the ordering state that it commits to, to what its owner registered. */
import { equalBytes } from "../../protocol/bytes.ts";
import { success } from "../../protocol/errors.ts";
import type { Domain } from "../../protocol/ids.ts";
import { OrderingState, OrderingTenant } from "../../protocol/ordering.ts";
import { verifyField } from "../../protocol/ssz.ts";
import { Registration } from "../../protocol/tenant.ts";
import { type BlockWire, TenantProofWire } from "../../protocol/wire.ts";
import type { Finality } from "./finality.ts";
import { type Proof, type Refusal, refusal, refused } from "./refusal.ts";
import { ask, type Transport } from "./transport.ts";

/** A tenant as the final `block` finds it, and what it was registered with. */
export type ProvenTenant = { block: BlockWire; tenant: OrderingTenant; registration: Registration };

/** Why `shown` is not the tenant that its block commits to; `undefined` when it is. The block must be final. */
export const refuteTenant = (domain: Domain, shown: TenantProofWire): Refusal | undefined => {
  const { block, index, tenant, branch, registration } = shown;
  const at = `tenant ${domain} at height ${block.header.height}`;
  if (tenant.domain !== domain) return refusal("domain", `${at} is answered with tenant ${tenant.domain}`);
  const root = OrderingTenant.root(tenant);
  if (!verifyField(OrderingState, ["tenants", index], root, branch, block.header.controlRoot)) {
    return refusal("branch", `${at} doesn't hold: the Merkle branch doesn't lead to the header's control root`);
  }
  if (!equalBytes(Registration.root(registration), tenant.registration)) {
    return refusal("wrong_registration", `${at} was registered with something else: the root of what is shown differs`);
  }
  return undefined;
};

export const proveTenant = async (
  api: Transport,
  finality: Pick<Finality, "prove">,
  domain: Domain,
): Promise<Proof<ProvenTenant>> => {
  const shown = await ask(api, `/v1/tenants/${domain}`, TenantProofWire);
  if (!shown.ok) return shown;
  const refuted = refuteTenant(domain, shown.value);
  if (refuted) return refused(refuted);
  const { block, tenant, registration } = shown.value;
  const final = await finality.prove(block);
  return final.ok ? success({ block, tenant, registration }) : final;
};
