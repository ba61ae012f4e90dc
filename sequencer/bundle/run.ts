/**
 * Executes one bundle: its legs in order, each message between them delivered as soon as it was sent. All of it stays
 * if every leg succeeded and every message was consumed; else every tenant is back where it was, byte for byte.
 */
import type {
  BundleStep,
  BundleSupport,
  Execution,
  Executor,
  LegExecution,
  OrderedLeg,
} from "../../adapters/adapter.ts";
import type { SyncKey, SyncMessage } from "../../protocol/bundle.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { BundleId, Domain } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderedBundle } from "../block/payload.ts";
import { domainsOf } from "./judge.ts";

/** A tenant whose lane is executed in an open block. Calls are not awaited one by one: they take effect in order. */
export type Participant = {
  executor: Pick<Executor, "checkpoint" | "commit" | "revert" | "write" | "leg">;
  support: BundleSupport;
};

/** Legs are marked behind everything of a lane: at this place and their position in the slice. */
export const legPlaces = 2 * limits.sliceEntries;

/** The leg as the executor gets it, from its position in the slice. */
export const placedLeg = (leg: OrderedLeg): OrderedLeg => ({ ...leg, index: legPlaces + leg.index });

/** What became of a leg, by its position in the slice. */
export const unplaced = <E extends Execution>(execution: E): E => ({
  ...execution,
  index: execution.index - legPlaces,
});

/** Why a bundle was undone besides what a leg's VM says: of `bundleFailures`, or the code of a leg that was left out. */
export const bundleFailures = [
  "leg_failed",
  "message_repeated",
  "message_unknown",
  "message_unconsumed",
  "gas_mismatch",
] as const;

export type BundleOutcome = {
  /** Applied steps of each tenant, and what became of the legs among them; empty unless it was committed. */
  steps: ReadonlyMap<Domain, { steps: BundleStep[]; executions: Execution[] }>;
  /** Absent when it was committed. */
  failure?: { code: string; leg?: number; message: string };
  /** Of the legs that were executed, in order. */
  legs: LegExecution[];
};

const keyOf = ({ origin, sender, destination, recipient, index }: SyncKey): string =>
  `${origin}/${toHex(sender)}/${destination}/${toHex(recipient)}/${index}`;

/** What an executed leg fails with, if it does. */
const failureOf = ({ execution, reason }: LegExecution, leg: number): BundleOutcome["failure"] => {
  if (execution.kind !== "applied") return { code: execution.reason, leg, message: reason ?? "" };
  return execution.succeeded ? undefined : { code: "leg_failed", leg, message: reason ?? "" };
};

/** Takes note of what a leg sent and consumed; `waiting` are the messages that nobody has consumed yet. */
const exchange = (
  waiting: Map<string, SyncMessage>,
  seen: Set<string>,
  { sent, consumed }: LegExecution,
  leg: number,
): BundleOutcome["failure"] => {
  for (const key of consumed.map(keyOf)) {
    if (!waiting.delete(key)) return { code: "message_unknown", leg, message: `it consumed ${key}, which nobody sent` };
  }
  for (const message of sent) {
    const key = keyOf(message);
    if (seen.has(key)) return { code: "message_repeated", leg, message: `it sent ${key} a second time` };
    seen.add(key);
    waiting.set(key, message);
  }
  return undefined;
};

/**
 * @param places position of each leg in its tenant's slice
 * @throws LockstepError what a participant's executor failed with: then nothing of the height counts
 */
export const runBundle = async (
  { bundle, declarations }: OrderedBundle,
  id: BundleId,
  places: readonly number[],
  participant: (domain: Domain) => Participant,
): Promise<BundleOutcome> => {
  const domains = domainsOf(bundle);
  const pending: Promise<unknown>[] = [];
  const steps = new Map<Domain, { steps: BundleStep[]; executions: Execution[] }>();
  const later = (call: Promise<unknown>): void => {
    call.catch(() => {});
    pending.push(call);
  };
  const write = (domain: Domain, bytes: Uint8Array): void => {
    steps.get(domain)?.steps.push({ kind: "write", bytes });
    later(participant(domain).executor.write(bytes));
  };

  const checkpoints = domains.map((domain) => {
    const checkpoint = participant(domain).executor.checkpoint();
    later(checkpoint);
    steps.set(domain, { steps: [], executions: [] });
    write(domain, participant(domain).support.setBundle(id));
    return checkpoint;
  });

  const waiting = new Map<string, SyncMessage>();
  const seen = new Set<string>();
  const legs: LegExecution[] = [];
  let failed: BundleOutcome["failure"];
  for (const [i, { domain, transaction }] of bundle.legs.entries()) {
    const gas = declarations.map((declared) => declared.gas[i] ?? 0);
    const leg: OrderedLeg = { bytes: transaction, gas, bundle: id, index: places[i] ?? 0 };
    const executed = await participant(domain).executor.leg(placedLeg(leg));
    legs.push(executed);
    const own = steps.get(domain);
    own?.steps.push({ kind: "leg", leg });
    own?.executions.push(unplaced(executed.execution));
    failed = failureOf(executed, i) ?? exchange(waiting, seen, executed, i);
    if (failed !== undefined) break;
    for (const message of executed.sent) {
      const { destination } = message;
      if (steps.has(destination)) write(destination, participant(destination).support.deliver(message));
    }
  }
  const [unconsumed] = waiting.keys();
  if (failed === undefined && unconsumed !== undefined) {
    failed = { code: "message_unconsumed", message: `nobody consumed ${unconsumed}` };
  }

  for (const [i, domain] of domains.entries()) {
    const checkpoint = await (checkpoints[i] as Promise<number>);
    const { executor, support } = participant(domain);
    if (failed === undefined) write(domain, support.setBundle(undefined));
    later(failed === undefined ? executor.commit(checkpoint) : executor.revert(checkpoint));
  }
  await Promise.all(pending);
  return failed === undefined ? { steps, legs } : { steps: new Map(), failure: failed, legs };
};
