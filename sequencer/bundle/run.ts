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
import type { SyncKey } from "../../protocol/bundle.ts";
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
  failure?: BundleFailure;
  /** Of the legs that were executed, in order. */
  legs: LegExecution[];
};

const keyOf = ({ origin, sender, destination, recipient, index }: SyncKey): string =>
  `${origin}/${toHex(sender)}/${destination}/${toHex(recipient)}/${index}`;

/** Why a bundle is undone; `leg` is the one at which it was found out. */
export type BundleFailure = { code: string; leg?: number; message: string };

/** What an executed leg fails with, if it does. */
export const failureOf = ({ execution, reason }: LegExecution, leg: number): BundleFailure | undefined => {
  if (execution.kind !== "applied") return { code: execution.reason, leg, message: reason ?? "" };
  return execution.succeeded ? undefined : { code: "leg_failed", leg, message: reason ?? "" };
};

/** The messages between a bundle's legs: each is sent once, and consumed after that. */
export const createExchange = () => {
  const waiting = new Set<string>();
  const seen = new Set<string>();
  return {
    /** Takes note of what a leg sent and consumed. */
    take: ({ sent, consumed }: LegExecution, leg: number): BundleFailure | undefined => {
      for (const key of consumed.map(keyOf)) {
        if (!waiting.delete(key))
          return { code: "message_unknown", leg, message: `it consumed ${key}, which nobody sent` };
      }
      for (const key of sent.map(keyOf)) {
        if (seen.has(key)) return { code: "message_repeated", leg, message: `it sent ${key} a second time` };
        seen.add(key);
        waiting.add(key);
      }
      return undefined;
    },
    /** What the bundle fails with after its last leg, if it does. */
    end: (): BundleFailure | undefined => {
      const [unconsumed] = waiting;
      return unconsumed === undefined
        ? undefined
        : { code: "message_unconsumed", message: `nobody consumed ${unconsumed}` };
    },
  };
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

  const exchange = createExchange();
  const legs: LegExecution[] = [];
  let failed: BundleFailure | undefined;
  for (const [i, { domain, transaction }] of bundle.legs.entries()) {
    const gas = declarations.map((declared) => declared.gas[i] ?? 0);
    const leg: OrderedLeg = { bytes: transaction, gas, bundle: id, index: places[i] ?? 0 };
    const executed = await participant(domain).executor.leg(placedLeg(leg));
    legs.push(executed);
    const own = steps.get(domain);
    own?.steps.push({ kind: "leg", leg });
    own?.executions.push(unplaced(executed.execution));
    failed = failureOf(executed, i) ?? exchange.take(executed, i);
    if (failed !== undefined) break;
    for (const message of executed.sent) {
      const { destination } = message;
      if (!steps.has(destination)) continue;
      for (const bytes of participant(destination).support.deliver(message)) write(destination, bytes);
    }
  }
  failed ??= exchange.end();

  for (const [i, domain] of domains.entries()) {
    const checkpoint = await (checkpoints[i] as Promise<number>);
    const { executor, support } = participant(domain);
    if (failed === undefined) write(domain, support.setBundle(undefined));
    later(failed === undefined ? executor.commit(checkpoint) : executor.revert(checkpoint));
  }
  await Promise.all(pending);
  return failed === undefined ? { steps, legs } : { steps: new Map(), failure: failed, legs };
};
