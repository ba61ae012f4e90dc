/**
 * Transactions that are in no lane yet and on this node's disk: those held for peers, which it has ordered when
 * their entry node does not, and its own of before a start, until their tenant's executor can be asked about them.
 */
import { lastingRefusals, type RefusalCode } from "../../adapters/adapter.ts";
import type { Result } from "../../protocol/errors.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { EntryFacts, PoolEntry } from "./entry.ts";
import { poolLimits } from "./limits.ts";
import type { HeldTransaction, PooledTransaction, Replication } from "./replication.ts";

export const byDomain = <T extends { domain: Domain }>(transactions: readonly T[]): Map<Domain, T[]> => {
  const groups = new Map<Domain, T[]>();
  for (const transaction of transactions) {
    const group = groups.get(transaction.domain);
    if (group === undefined) groups.set(transaction.domain, [transaction]);
    else group.push(transaction);
  }
  return groups;
};

export type Adoption = {
  /** Looks at some of what is held, and once more at what could not be asked about. */
  lookAfter(): Promise<void>;
  /** Takes in again what stood in the journal. */
  restore(journaled: readonly PooledTransaction[]): Promise<void>;
};

export type AdoptionOptions = {
  runtime: Runtime;
  replication: Replication;
  inspect(domain: Domain, transactions: readonly Uint8Array[]): Promise<Result<EntryFacts>[]>;
  /** Puts inspected transactions into the lane. */
  takeIn(
    domain: Domain,
    transactions: readonly Uint8Array[],
    inspections: readonly Result<EntryFacts>[],
  ): Result<PoolEntry>[];
  /** Ends an own transaction that the lane has no place for. */
  omit(domain: Domain, bytes: Uint8Array, facts: EntryFacts, reason: string): void;
  /** Called when entries may have become ready for a batch. */
  onReady(): void;
};

export const createAdoption = (options: AdoptionOptions): Adoption => {
  const { runtime, replication, takeIn } = options;
  /** Own journaled transactions, until the tenant's executor was there to be asked about them. */
  const unread = new Map<Domain, readonly Uint8Array[]>();

  const delayOf = (held: HeldTransaction): number =>
    replication.isOwnerPresent(held) ? poolLimits.busyHolderDelayMs : poolLimits.holderDelayMs;

  /** Puts peers' transactions into own lanes when their entry node has not had them ordered for long. */
  const adoptHeld = async (): Promise<void> => {
    const now = runtime.now();
    const candidates = replication.nextHeld(poolLimits.heldPerTick);
    if (candidates.length === 0) return;
    for (const [domain, group] of byDomain(candidates)) {
      const bytes = group.map((held) => held.bytes);
      const inspections = await options.inspect(domain, bytes);
      const over: typeof group = [];
      const hopeless: typeof group = [];
      for (const [i, held] of group.entries()) {
        const inspection = inspections[i];
        if (inspection?.ok === false && inspection.error.code === "unavailable") continue;
        const isOld = now - held.since > poolLimits.lifetimeMs;
        const nonce = inspection?.ok ? inspection.value.nonce : undefined;
        const next = inspection?.ok ? inspection.value.account?.nonce : undefined;
        if (inspection?.ok === false && lastingRefusals.has(inspection.error.code as RefusalCode)) hopeless.push(held);
        else if (!inspection?.ok || isOld || (nonce ?? 0) < (next ?? 0)) over.push(held);
        else if (nonce !== undefined && nonce !== next) continue;
        else if (held.executableSince === undefined) held.executableSince = now;
        else if (now - held.executableSince >= delayOf(held)) takeIn(domain, [held.bytes], [inspection]);
      }
      await replication.forget(over);
      await replication.reject(hopeless);
    }
    options.onReady();
  };

  const restoreWaiting = async (): Promise<void> => {
    for (const [domain, waiting] of unread) {
      const inspections = await options.inspect(domain, waiting);
      if (inspections.some((inspection) => !inspection.ok && inspection.error.code === "unavailable")) continue;
      unread.delete(domain);
      for (const [i, result] of takeIn(domain, waiting, inspections).entries()) {
        const inspection = inspections[i];
        if (result.ok || !inspection?.ok) continue;
        options.omit(domain, waiting[i] as Uint8Array, inspection.value, result.error.code);
      }
    }
  };

  const lookAfter = async (): Promise<void> => {
    await adoptHeld();
    if (unread.size === 0) return;
    await restoreWaiting();
    options.onReady();
  };

  return {
    lookAfter,
    restore: async (journaled) => {
      for (const [domain, group] of byDomain(journaled)) {
        unread.set(
          domain,
          group.map(({ bytes }) => bytes),
        );
      }
      await restoreWaiting();
    },
  };
};
