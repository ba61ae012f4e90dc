/**
 * What control transactions do to the ordering state. Pure: which signatures hold is found out before, the same for
 * everybody. A control transaction acts from the next height.
 */

import { refuteBudgets } from "../../protocol/budget.ts";
import { bundleLane } from "../../protocol/bundle.ts";
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import type { ControlBody, Readiness, Recovery, StatusChange } from "../../protocol/control.ts";
import { controlDomain } from "../../protocol/control.ts";
import { vmName, vms } from "../../protocol/genesis.ts";
import type { Header } from "../../protocol/header.ts";
import type { PublicKey, Root, ValidatorIndex } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderingState, OrderingTenant } from "../../protocol/ordering.ts";
import { tenantStatuses } from "../../protocol/summary.ts";
import { nobody, type Registration } from "../../protocol/tenant.ts";
import { isQuorum } from "../../protocol/validators.ts";
import { tenantFrom } from "./state.ts";

/** A control transaction of a block, decoded, and the keys whose signatures under it hold. */
export type Command = { id: Root; body: ControlBody; signers: readonly PublicKey[] };

/** What became of a control transaction; without a code, what it asks for is so. */
export type ControlOutcome = { id: Root; code?: ControlRefusal };

export const controlRefusals = [
  "domain_taken",
  "port_taken",
  "unknown_vm",
  "bad_budget",
  "bad_name",
  "too_many_pending",
  "not_signed",
  "unknown_tenant",
  "not_pending",
  "wrong_sequence",
  "wrong_status",
  "too_many_changes",
  "wrong_revision",
  "wrong_base",
  "wrong_skip",
] as const;
export type ControlRefusal = (typeof controlRefusals)[number];

const has = (keys: readonly PublicKey[], key: PublicKey): boolean => keys.some((each) => equalBytes(each, key));

const weightOf = (state: OrderingState, keys: readonly PublicKey[]): number =>
  state.validators.reduce((sum, { publicKey, weight }) => (has(keys, publicKey) ? sum + weight : sum), 0);

const isQuorumOf = (state: OrderingState, keys: readonly PublicKey[]): boolean =>
  isQuorum(
    weightOf(state, keys),
    state.validators.reduce((sum, { weight }) => sum + weight, 0),
  );

/** Ports that a tenant's own API takes: Solana's clients expect WebSocket at the next one. */
const portsOf = ({ vm, port }: { vm: number; port: number }): number[] => {
  if (port === 0) return [];
  return vm === vms.svm ? [port, port + 1] : [port];
};

const isOpen = ({ status }: OrderingTenant): boolean => status !== tenantStatuses.retired;

/** Why a registration can't be, whoever signs it; `undefined` where it can. */
export const refuteRegistration = (state: OrderingState, registration: Registration): ControlRefusal | undefined => {
  const { domain, vm, name, budget } = registration;
  const open = state.tenants.filter(isOpen);
  const ports = new Set(open.flatMap(portsOf));
  const isReserved = domain === controlDomain || domain === bundleLane;
  if (isReserved || state.tenants.some((tenant) => tenant.domain === domain)) return "domain_taken";
  if (vmName(vm) === undefined) return "unknown_vm";
  if (!/^[a-z][a-z0-9-]*$/.test(new TextDecoder().decode(name))) return "bad_name";
  if (registration.port > 65_535 || portsOf(registration).some((port) => ports.has(port))) return "port_taken";
  if (refuteBudgets([...open.map((tenant) => tenant.budget), budget]) !== undefined) return "bad_budget";
  const pending = open.filter(({ status }) => status === tenantStatuses.registered);
  return pending.length >= limits.pendingTenants ? "too_many_pending" : undefined;
};

type Applied = { state: OrderingState } | { code: ControlRefusal };

const register = (state: OrderingState, registration: Registration, signers: readonly PublicKey[]): Applied => {
  const code = refuteRegistration(state, registration);
  if (code !== undefined) return { code };
  const { owner } = registration;
  const isSigned = equalBytes(owner, nobody) ? isQuorumOf(state, signers) : has(signers, owner);
  if (!isSigned) return { code: "not_signed" };
  const tenant = tenantFrom(registration, {
    status: tenantStatuses.registered,
    activatedAt: 0 as OrderingTenant["activatedAt"],
    registeredMs: state.timestampMs,
  });
  const tenants = [...state.tenants, tenant].sort((a, b) => a.domain - b.domain);
  return { state: { ...state, tenants } };
};

const changed = (state: OrderingState, tenant: OrderingTenant): Applied => ({
  state: { ...state, tenants: state.tenants.map((each) => (each.domain === tenant.domain ? tenant : each)) },
});

const becomeReady = (state: OrderingState, { domain, genesis }: Readiness, signers: readonly PublicKey[]): Applied => {
  const tenant = state.tenants.find((each) => each.domain === domain);
  if (tenant === undefined) return { code: "unknown_tenant" };
  if (tenant.status !== tenantStatuses.registered) return { code: "not_pending" };
  const known = tenant.ready.map(({ publicKey }) => publicKey);
  const fresh = state.validators
    .map(({ publicKey }) => publicKey)
    .filter((key) => has(signers, key) && !has(known, key));
  if (fresh.length === 0) return { code: "not_signed" };
  return changed(state, { ...tenant, ready: [...tenant.ready, ...fresh.map((publicKey) => ({ publicKey, genesis }))] });
};

const setStatus = (state: OrderingState, change: StatusChange, signers: readonly PublicKey[]): Applied => {
  const tenant = state.tenants.find((each) => each.domain === change.domain);
  if (tenant === undefined) return { code: "unknown_tenant" };
  const { active, paused, retired } = tenantStatuses;
  if (!has(signers, tenant.owner) && !isQuorumOf(state, signers)) return { code: "not_signed" };
  if (change.sequence !== tenant.sequence + 1) return { code: "wrong_sequence" };
  if (change.sequence > limits.statusChanges) return { code: "too_many_changes" };
  const isPossible =
    (change.status === paused && tenant.status === active) ||
    (change.status === active && tenant.status === paused) ||
    (change.status === retired && (tenant.status === active || tenant.status === paused));
  if (!isPossible) return { code: "wrong_status" };
  return changed(state, { ...tenant, status: change.status, sequence: change.sequence });
};

/** Why a recovery can't be, whoever signs it; `undefined` where it can. */
const refuteRecovery = (state: OrderingState, { base, revision, drop, skip }: Recovery): ControlRefusal | undefined => {
  const { active, paused } = tenantStatuses;
  if (revision !== state.revision + 1) return "wrong_revision";
  if (base !== state.certified) return "wrong_base";
  const dropped = drop.map((domain) => state.tenants.find((tenant) => tenant.domain === domain));
  if (dropped.some((tenant) => tenant === undefined)) return "unknown_tenant";
  if (dropped.some((tenant) => tenant?.status !== active && tenant?.status !== paused)) return "wrong_status";
  const isWrong = skip.some(
    ({ domain, height }) => height <= base || !state.tenants.some((tenant) => tenant.domain === domain),
  );
  return isWrong ? "wrong_skip" : undefined;
};

/** What is executed again, and without what, is every validator's own business; the order knows the revision. */
const recover = (state: OrderingState, recovery: Recovery, signers: readonly PublicKey[]): Applied => {
  if (!isQuorumOf(state, signers)) return { code: "not_signed" };
  const code = refuteRecovery(state, recovery);
  if (code !== undefined) return { code };
  const tenants = state.tenants.map((tenant) =>
    recovery.drop.includes(tenant.domain) ? { ...tenant, status: tenantStatuses.retired } : tenant,
  );
  return { state: { ...state, revision: recovery.revision, tenants } };
};

const apply = (state: OrderingState, { body, signers }: Command): Applied => {
  switch (body.kind) {
    case "register":
      return register(state, body.value, signers);
    case "ready":
      return becomeReady(state, body.value, signers);
    case "setStatus":
      return setStatus(state, body.value, signers);
    case "recover":
      return recover(state, body.value, signers);
    case "withdraw":
      // Accounts are executed with the finalized block: `bundle/withdrawals.ts`.
      return { state };
  }
};

/**
 * Keys of the validators that are at work: those in the execution certificate that the header carries, or all
 * where there is none yet.
 */
const liveOf = (state: OrderingState, { certified }: Pick<Header, "certified">): PublicKey[] => {
  const { signers } = certified.certificate;
  const signed = state.validators.filter((_, seat) => seat < signers.bitLen && signers.get(seat as ValidatorIndex));
  return (signed.length === 0 ? state.validators : signed).map(({ publicKey }) => publicKey);
};

/** The validators that run a registered tenant's engine and agree on its block 0: the most that do. */
const agreeing = (state: OrderingState, { ready }: OrderingTenant): PublicKey[] => {
  const byGenesis = new Map<Hex, PublicKey[]>();
  for (const { publicKey, genesis } of ready) {
    byGenesis.set(toHex(genesis), [...(byGenesis.get(toHex(genesis)) ?? []), publicKey]);
  }
  const groups = [...byGenesis.values()];
  return groups.reduce((most, keys) => (weightOf(state, keys) > weightOf(state, most) ? keys : most), []);
};

/** Activates the tenants that are ready, and forgets those that did not become so in time. */
const settlePending = (state: OrderingState, header: Pick<Header, "height" | "certified">): OrderingState => {
  if (!state.tenants.some(({ status }) => status === tenantStatuses.registered)) return state;
  const live = liveOf(state, header);
  const tenants = state.tenants.flatMap((tenant): OrderingTenant[] => {
    if (tenant.status !== tenantStatuses.registered) return [tenant];
    const ready = agreeing(state, tenant);
    const waitedMs = state.timestampMs - tenant.registeredMs;
    const isReady =
      isQuorumOf(state, ready) && (waitedMs >= limits.readinessMs || live.every((publicKey) => has(ready, publicKey)));
    if (isReady) return [{ ...tenant, status: tenantStatuses.active, activatedAt: header.height, ready: [] }];
    return waitedMs >= limits.pendingMs ? [] : [tenant];
  });
  return { ...state, tenants };
};

/** The state after a block's control transactions, in their order, and what became of each. */
export const command = (
  state: OrderingState,
  header: Pick<Header, "height" | "certified">,
  commands: readonly Command[],
): { state: OrderingState; outcomes: ControlOutcome[] } => {
  let after = state;
  const outcomes = commands.map((each): ControlOutcome => {
    const applied = apply(after, each);
    if ("code" in applied) return { id: each.id, code: applied.code };
    after = applied.state;
    return { id: each.id };
  });
  return { state: settlePending(after, header), outcomes };
};
