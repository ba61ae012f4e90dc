/** A tenant as the devnet registers it, but always at the same time: what the engine alone runs. */
import { createRegistration } from "../../devnet/genesis.ts";
import { plansOf, type TenantName } from "../../devnet/tenants.ts";
import { nobody, type Registration } from "../../protocol/tenant.ts";

export const genesisMs = 1_700_000_000_000;

export const registrationOf = (vm: TenantName): Registration => {
  const [plan] = plansOf([vm]);
  if (plan === undefined) throw new Error(`the devnet has no tenant ${vm}`);
  return createRegistration(plan, nobody, genesisMs);
};
