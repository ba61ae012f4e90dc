/** Has a tenant of a development network registered while the network runs. */
import { connectTenantApi } from "../cli/tenantApi.ts";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { Root } from "../protocol/ids.ts";
import { signControl } from "../sequencer/control/commands.ts";
import { createRegistration } from "./genesis.ts";
import type { TenantPlan } from "./tenants.ts";

/** Control transaction with which the owner of a network's tenants registers one; its block 0 has the time `nowMs`. */
export const signRegistration = (plan: TenantPlan, owner: BlsSigner, genesis: Root, nowMs: number): Uint8Array =>
  signControl(owner, genesis, { kind: "register", value: createRegistration(plan, owner.publicKey, nowMs) });

/** Refusals after which the tenant is there, or may still come to be. */
const standing: ReadonlySet<string> = new Set(["domain_taken", "already_known", "unavailable"]);

/**
 * Submits a registration at a validator's API. That the domain has a tenant already is not an error: it was registered
 * before.
 *
 * @throws LockstepError with the code and the sentence of who refused it, or `unreachable`
 */
export const submitRegistration = async (api: string, transaction: Uint8Array, signal: AbortSignal): Promise<void> => {
  try {
    await connectTenantApi(api, signal).submit(transaction);
  } catch (error) {
    if (!(error instanceof LockstepError) || !standing.has(error.code)) throw error;
  }
};
