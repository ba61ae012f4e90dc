/** Has a tenant of a development network registered while the network runs. */
import { z } from "zod";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { controlDomain, controlSigningRoot, encodeControl } from "../protocol/control.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { Root } from "../protocol/ids.ts";
import { createRegistration } from "./genesis.ts";
import type { TenantPlan } from "./tenants.ts";

/** Control transaction with which the owner of a network's tenants registers one; its block 0 has the time `nowMs`. */
export const signRegistration = (plan: TenantPlan, owner: BlsSigner, genesis: Root, nowMs: number): Uint8Array => {
  const body = { kind: "register", value: createRegistration(plan, owner.publicKey, nowMs) } as const;
  const signature = owner.sign(controlSigningRoot(genesis, body));
  return encodeControl({ body, signatures: [{ publicKey: owner.publicKey, signature }] });
};

const Refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const Answer = z.union([Refusal, z.tuple([z.union([Refusal, z.object({ id: z.string() })])])]);

const answerTimeoutMs = 60_000;

/** Refusals after which the tenant is there, or may still come to be. */
const standing: ReadonlySet<string> = new Set(["domain_taken", "already_known", "unavailable"]);

/**
 * Submits a registration at a validator's API. That the domain has a tenant already is not an error: it was registered
 * before.
 *
 * @throws LockstepError with the code and the sentence of who refused it, or `unreachable`
 */
export const submitRegistration = async (api: string, transaction: Uint8Array, signal: AbortSignal): Promise<void> => {
  const body = new Uint8Array(4 + transaction.length);
  new DataView(body.buffer).setUint32(0, transaction.length);
  body.set(transaction, 4);
  let answer: z.infer<typeof Answer>;
  try {
    const response = await fetch(`${api}/v1/transactions?domain=${controlDomain}`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
    });
    answer = Answer.parse(await response.json());
  } catch (cause) {
    throw new LockstepError("unreachable", `${api} gave no answer: ${(cause as Error).message}`, { api }, cause);
  }
  const outcome = Array.isArray(answer) ? answer[0] : answer;
  if (!("error" in outcome) || standing.has(outcome.error.code)) return;
  throw new LockstepError(outcome.error.code, `it can't be registered: ${outcome.error.message}`);
};
