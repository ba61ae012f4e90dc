/** Whether a control transaction would do what it asks for, as things stand: what is refused at the door costs nobody anything. */
import type { Seal, TransactionFacts } from "../../adapters/adapter.ts";
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { transactionId } from "../../protocol/batch.ts";
import { bundleBudget, controlBudget, type TenantBudget } from "../../protocol/budget.ts";
import { bundleLane } from "../../protocol/bundle.ts";
import { toHex } from "../../protocol/bytes.ts";
import { emptyCertificate } from "../../protocol/certificate.ts";
import { type ControlTransaction, controlDomain, decodeControl } from "../../protocol/control.ts";
import { failure, type LockstepError, type Result, success } from "../../protocol/errors.ts";
import { asHeight, asRevision, type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { controlTransactionBytes, limits } from "../../protocol/limits.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import { tenantStatuses } from "../../protocol/summary.ts";
import type { Registration } from "../../protocol/tenant.ts";
import type { Withdrawal } from "../../protocol/withdrawal.ts";
import { controlGas, signersOf } from "./commands.ts";
import { type ControlRefusal, command } from "./ledger.ts";
import { tenantState } from "./state.ts";

/** What is wrong, and what to do about it. */
const sentences: Readonly<Record<ControlRefusal, string>> = {
  domain_taken: "a tenant has or had this domain, or it is 0: choose another one",
  port_taken:
    "another tenant has this port, or it is above 65535: choose another one (Solana's clients also need the next)",
  unknown_vm: "this version knows no such VM",
  bad_budget: "this budget can't be had: look at its figures, and at what the other tenants leave of a block",
  bad_name: "a name starts with a lower-case letter, then has lower-case letters, digits and hyphens",
  too_many_pending: `${limits.pendingTenants} tenants are waiting to become active; try again in some minutes`,
  not_signed: "the signature of the tenant's owner, of a validator, or of two thirds of the validators is missing",
  unknown_tenant: "no tenant has this domain",
  not_pending: "this tenant is active already",
  wrong_sequence: "the sequence must be one more than that of the tenant's last change: look it up and sign again",
  wrong_status: "a tenant can't go from its present status to this one",
  too_many_changes: "the status of this tenant has changed as often as it may",
  wrong_revision: "a recovery starts the revision after the one in force: look it up in /v1/status and sign again",
  wrong_base: "a recovery starts from the newest certified height: look it up in /v1/status and sign again",
  wrong_skip: "a recovery leaves out entries of known tenants, above its base",
};

export const describeRefusal = (code: ControlRefusal): string => sentences[code];

/** The budget of a domain that takes transactions now, or why it takes none. */
export const laneAdmission = (state: OrderingState, domain: Domain): Result<TenantBudget> => {
  if (domain === controlDomain) return success(controlBudget);
  if (domain === bundleLane) return success(bundleBudget);
  const tenant = tenantState(state, domain);
  if (tenant?.status === tenantStatuses.active) return success(tenant.budget);
  if (tenant === undefined) {
    const known = state.tenants.map((each) => each.domain).join(", ");
    return failure("unknown_tenant", `no tenant has domain ${domain}; there are ${known}`, { domain });
  }
  const { registered, paused } = tenantStatuses;
  if (tenant.status === registered)
    return failure("tenant_inactive", "the tenant is registered and not active yet", { domain });
  return tenant.status === paused
    ? failure("tenant_inactive", "the tenant is paused: its owner or the validators can resume it", { domain })
    : failure("tenant_inactive", "the tenant is retired for good", { domain });
};

export type ControlAdmission = {
  bls: Pick<BlsVerifier, "verify">;
  genesis: Root;
  /** Ordering state after the newest finalized block. */
  state(): OrderingState;
  /** Why a withdrawal would come to nothing, as far as this node knows. */
  refuseWithdrawal(withdrawal: Withdrawal): Result<never> | undefined;
  /** Whether an engine takes a registration. */
  probe(registration: Registration): Promise<Result<Seal>>;
};

const factsOf = (bytes: Uint8Array, transaction: ControlTransaction): TransactionFacts => {
  const nativeId = toHex(transactionId(bytes));
  return { nativeId, sender: nativeId, gas: controlGas(transaction), cost: 0n, price: { max: 0n, tip: 0n } };
};

const inspectOne = async (options: ControlAdmission, bytes: Uint8Array): Promise<Result<TransactionFacts>> => {
  let transaction: ControlTransaction;
  try {
    transaction = decodeControl(bytes);
  } catch (error) {
    return { ok: false, error: (error as LockstepError).failure };
  }
  if (bytes.length > controlTransactionBytes) {
    return failure("oversized", `${bytes.length} bytes, a control transaction has at most ${controlTransactionBytes}`);
  }
  const { body, signatures } = transaction;
  const signers = await signersOf(options.bls, options.genesis, transaction);
  if (signers.length !== signatures.length) return failure("bad_signature", "a signature under it does not hold");
  if (body.kind === "withdraw") {
    const refused = options.refuseWithdrawal(body.value);
    return refused ?? success(factsOf(bytes, transaction));
  }
  const header = {
    height: asHeight(0),
    certified: { height: asHeight(0), revision: asRevision(0), summaryRoot: zeroRoot, certificate: emptyCertificate() },
  };
  const [outcome] = command(options.state(), header, [{ id: transactionId(bytes), body, signers }]).outcomes;
  if (outcome?.code !== undefined) return failure(outcome.code, sentences[outcome.code]);
  if (body.kind === "register") {
    const probed = await options.probe(body.value);
    if (!probed.ok && probed.error.code === "unavailable") return probed;
    if (!probed.ok) return failure("bad_genesis", `no engine takes this genesis: ${probed.error.message}`);
  }
  return success(factsOf(bytes, transaction));
};

export const inspectControl = (
  options: ControlAdmission,
  transactions: readonly Uint8Array[],
): Promise<Result<TransactionFacts>[]> => Promise.all(transactions.map((bytes) => inspectOne(options, bytes)));
