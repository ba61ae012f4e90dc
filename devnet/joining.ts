/** Brings tenants into a running network, each as soon as its engine is built. */

import { readKeyFile } from "../cli/keyFile.ts";
import type { NodeReady } from "../cli/nodeReady.ts";
import { LockstepError } from "../protocol/errors.ts";
import { buildEngine, crateCount, hasEngine } from "./engines.ts";
import { readStatuses, untilServing } from "./health.ts";
import type { DevnetNetwork } from "./network.ts";
import { describeJoined, type TenantFailed, type TenantJoined } from "./ready.ts";
import { signRegistration, submitRegistration } from "./registration.ts";
import type { TenantPlan } from "./tenants.ts";

/** What stands between a tenant and its registration: the crates of an engine that is not built. */
export type Obstacle = { plan: TenantPlan; crates: number };

/** Those that can register at once come first, then those that are built soonest. */
export const joinOrder = (obstacles: readonly Obstacle[]): TenantPlan[] =>
  obstacles.toSorted((a, b) => a.crates - b.crates).map(({ plan }) => plan);

export type Joining = {
  network: DevnetNetwork;
  nodes: readonly NodeReady[];
  /** How long the validators may take, once a tenant's engine is there. */
  timeoutMs: number;
  event(event: TenantJoined | TenantFailed): void;
  /** What is being built, in words; empty when nothing is. */
  progress(work: string): void;
  signal: AbortSignal;
};

const failureOf = ({ domain, name }: TenantPlan, error: unknown): TenantFailed => {
  const code = error instanceof LockstepError ? error.code : "unexpected";
  const message = error instanceof Error ? error.message : String(error);
  return { event: "tenant_failed", domain, vm: name, code, message };
};

const join = async (plan: TenantPlan, { network, nodes, timeoutMs, signal, event }: Joining): Promise<void> => {
  const [status] = await readStatuses(nodes.slice(0, 1), signal);
  if (!status?.tenants.some(({ domain }) => domain === plan.domain)) {
    const owner = await readKeyFile(network.ownerKeyFile);
    const transaction = signRegistration(plan, owner, network.genesisRoot, Date.now());
    await submitRegistration(nodes[0]?.api ?? "", transaction, signal);
  }
  await untilServing(nodes, [plan], timeoutMs, signal);
  if (!signal.aborted) event(describeJoined(plan, await readStatuses(nodes, signal)));
};

/**
 * Builds the engines of the network's coming tenants one after the other, and has each tenant registered unless it is,
 * while the next engine is being built. One that fails leaves the others alone. Resolves when all have joined or failed.
 */
export const joinTenants = async (joining: Joining): Promise<void> => {
  const { network, signal, event, progress } = joining;
  const attempt = async (plan: TenantPlan, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return !signal.aborted;
    } catch (error) {
      if (!signal.aborted) event(failureOf(plan, error));
      return false;
    }
  };
  const obstacles: Obstacle[] = [];
  for (const plan of network.coming) {
    await attempt(plan, async () => {
      obstacles.push({ plan, crates: (await hasEngine(plan)) ? 0 : await crateCount(plan) });
    });
  }
  const joined: Promise<boolean>[] = [];
  for (const plan of joinOrder(obstacles)) {
    if (await attempt(plan, () => buildEngine(plan, progress, signal)))
      joined.push(attempt(plan, () => join(plan, joining)));
  }
  await Promise.all(joined);
};
