/**
 * The mempool of a node: takes transactions in, answers once they are on f + 1 disks, hands them to
 * batches, and follows each to its end.
 */
import type { Execution, TransactionFacts } from "../../adapters/adapter.ts";
import { transactionId } from "../../protocol/batch.ts";
import type { TenantBudget } from "../../protocol/budget.ts";
import { bundleLane } from "../../protocol/bundle.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import type { Domain, Height, Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { BatchExchange } from "../batch/exchange.ts";
import { type HeldBatch, pooledOf } from "../batch/held.ts";
import type { Room } from "../batch/room.ts";
import { createAcknowledgements } from "./acknowledgements.ts";
import { byDomain, createAdoption } from "./adoption.ts";
import type { EntryFacts, PoolEntry } from "./entry.ts";
import { createLane, type Lane, type Taken as TakenFromLane } from "./lane.ts";
import { createLegRoom } from "./legRoom.ts";
import { poolLimits } from "./limits.ts";
import { refuseBelowFloor, refuseOversized } from "./refusals.ts";
import type { PooledTransaction, Replication } from "./replication.ts";

export type Taken = { id: Root; nativeId: Hex };

/** How an own transaction ended without being executed. */
export type Ending = { entry: PoolEntry; status: "omitted" | "replaced" | "expired" | "evicted"; reason: string };

/** A tenant's executed slice: what became of each of its entries. */
export type SettledSlice = {
  domain: Domain;
  executions: readonly { key: Hex; id: Root; bytes: Uint8Array; execution: Execution }[];
};

export type Pool = {
  submit(domain: Domain, transactions: readonly Uint8Array[]): Promise<Result<Taken>[]>;
  /** Queued entries for a batch of at most `batchBytes`, as far as `room` is left of each tenant's capacity. */
  take(batchBytes: number, room: (domain: Domain) => Room): Omit<TakenFromLane, "bytes">;
  /** Takes note that these entries go into `batch`, and publishes it. */
  publish(batch: HeldBatch, entries: readonly PoolEntry[]): void;
  /** A finalized block has taken a batch. */
  ordered(batch: HeldBatch): void;
  /** Blocks passed over a batch: its transactions wait for another one. */
  passedOver(batch: HeldBatch): void;
  executed(slice: SettledSlice): Promise<void>;
  find(key: Hex): PoolEntry | undefined;
  findNative(domain: Domain, nativeId: Hex): PoolEntry | undefined;
  nextNonce(domain: Domain, sender: string, executed: number): number;
  size(): { transactions: number; bytes: number };
  /** Takes in again what stood in the journal and in open own batches when the node stopped. */
  restore(journaled: readonly PooledTransaction[], batches: readonly HeldBatch[]): Promise<void>;
  onPending(domain: Domain, listener: (nativeId: Hex) => void): () => void;
  stop(): void;
};

export type PoolOptions = {
  /** The budget of a domain that takes transactions now, or why it takes none. */
  tenant(domain: Domain): Result<TenantBudget>;
  /** Besides the adapter's refusals: `unavailable` while the tenant's executor is down. */
  inspect(domain: Domain, transactions: readonly Uint8Array[]): Promise<Result<EntryFacts>[]>;
  /** Newest finalized height. */
  height(): Height;
  runtime: Runtime;
  exchange: BatchExchange;
  replication: Replication;
  /** Other validators that must hold a transaction before it is acknowledged. */
  f: number;
  /** Called when entries have become ready for a batch. */
  onReady(): void;
  /** Called with every ending; resolves once the node keeps them. */
  onEnded(endings: readonly Ending[]): Promise<void>;
  fatal(error: unknown): void;
};

const tickMs = 1_000;

export const createPool = (options: PoolOptions): Pool => {
  const { runtime, exchange, replication, f } = options;
  const { acknowledged, acknowledge } = createAcknowledgements(runtime);
  const lanes = new Map<Domain, Lane>();
  const natives = new Map<Domain, Map<Hex, PoolEntry>>();
  const pendingListeners = new Map<Domain, Set<(nativeId: Hex) => void>>();
  const turns = new Map<Domain, number>();
  const laneOf = (domain: Domain): Lane => {
    const known = lanes.get(domain);
    if (known !== undefined) return known;
    const lane = createLane();
    lanes.set(domain, lane);
    natives.set(domain, new Map());
    return lane;
  };

  const remember = (entry: PoolEntry): void => {
    natives.get(entry.domain)?.set(entry.facts.nativeId, entry);
    for (const listener of pendingListeners.get(entry.domain) ?? []) listener(entry.facts.nativeId);
  };

  const remove = (entry: PoolEntry): void => {
    laneOf(entry.domain).remove(entry.key);
    forget(entry);
  };

  const forget = (entry: PoolEntry): void => {
    natives.get(entry.domain)?.delete(entry.facts.nativeId);
    acknowledge(entry);
  };

  const end = (endings: readonly Ending[]): void => {
    if (endings.length === 0) return;
    for (const { entry } of endings) remove(entry);
    options
      .onEnded(endings)
      .then(() => replication.forget(endings.map(({ entry }) => entry)))
      .catch(options.fatal);
  };

  const entryFor = (domain: Domain, bytes: Uint8Array, facts: EntryFacts): PoolEntry => {
    const id = transactionId(bytes);
    return {
      id,
      key: toHex(id),
      domain,
      bytes,
      facts,
      phase: "queued",
      journaled: false,
      returned: 0,
      since: runtime.now(),
    };
  };

  /** Puts inspected transactions into the lane; entries that came in, or why not, in the order given. */
  const takeIn = (domain: Domain, transactions: readonly Uint8Array[], inspections: readonly Result<EntryFacts>[]) => {
    const replaced: Ending[] = [];
    const results = transactions.map((bytes, i): Result<PoolEntry> => {
      const inspection = inspections[i] as Result<EntryFacts>;
      if (!inspection.ok) return inspection;
      const entry = entryFor(domain, bytes, inspection.value);
      const added = laneOf(domain).add(entry);
      if (!added.ok) return added;
      if (added.value.replaced !== undefined) {
        replaced.push({ entry: added.value.replaced, status: "replaced", reason: `by ${entry.facts.nativeId}` });
      }
      remember(entry);
      return success(entry);
    });
    end(replaced);
    return results;
  };

  /** Entries that no batch takes yet go to other disks by themselves. */
  const journal = (entries: readonly PoolEntry[]): void => {
    const alone = entries.filter((entry) => !entry.journaled);
    if (alone.length === 0) return;
    for (const entry of alone) entry.journaled = true;
    replication
      .replicate(alone)
      .then(() => {
        for (const entry of alone) acknowledge(entry);
      })
      .catch(options.fatal);
  };

  const journalWaiting = (entries: readonly PoolEntry[]): void =>
    journal(entries.filter((entry) => !laneOf(entry.domain).isReady(entry)));

  const journalUnbatched = (entries: readonly PoolEntry[]): void =>
    journal(entries.filter((entry) => entry.phase === "queued" && laneOf(entry.domain).entries.has(entry.key)));

  const submit = async (domain: Domain, transactions: readonly Uint8Array[]): Promise<Result<Taken>[]> => {
    const budget = options.tenant(domain);
    if (!budget.ok) return transactions.map(() => budget);
    const inspections = (await options.inspect(domain, transactions)).map((inspection, i) =>
      refuseOversized(budget.value, (transactions[i] as Uint8Array).length, refuseBelowFloor(inspection)),
    );
    const results = takeIn(domain, transactions, inspections);
    const entries = results.flatMap((result) => (result.ok ? [result.value] : []));
    const answer = acknowledged(entries);
    journalWaiting(entries);
    if (entries.length > 0) {
      options.onReady();
      runtime.after(poolLimits.unbatchedMs, () => journalUnbatched(entries));
    }
    const missing = await answer;
    return results.map((result): Result<Taken> => {
      if (!result.ok) return result;
      const { id, facts } = result.value;
      if (!missing.has(result.value)) return success({ id, nativeId: facts.nativeId });
      return failure(
        "unavailable",
        `fewer than ${f} other validators confirmed the transaction in time; it may still be executed: ask for its id`,
        { id: toHex(id), nativeId: facts.nativeId },
      );
    });
  };

  /** Every lane gets the same share of the batch, and what those with less leave of theirs; bundles choose first. */
  const take: Pool["take"] = (batchBytes, room) => {
    const entries: PoolEntry[] = [];
    const busy = [...lanes].filter(([, lane]) => lane.queuedBytes > 0);
    const order = ([domain, lane]: [Domain, Lane]): number => (domain === bundleLane ? -1 : lane.queuedBytes);
    busy.sort((a, b) => order(a) - order(b));
    const legs = createLegRoom(room);
    let isCut = false;
    let bytes = 0;
    for (const [i, [domain, lane]] of busy.entries()) {
      const sharers = busy.length - i;
      const taken = lane.take({
        ...legs.left(domain),
        legs,
        transactions: Math.floor((limits.batchTransactions - entries.length) / sharers),
        batchBytes: batchBytes - bytes,
        enough: Math.floor((batchBytes - bytes) / sharers),
      });
      entries.push(...taken.entries);
      bytes += taken.bytes;
      isCut ||= taken.isCut;
    }
    return { entries, isCut };
  };

  const publish = (batch: HeldBatch, entries: readonly PoolEntry[]): void => {
    for (const entry of entries) laneOf(entry.domain).mark(entry, "batched");
    const elsewhere = exchange.acknowledged(batch, f);
    Promise.all([exchange.publish(batch), elsewhere])
      .then(() => {
        for (const entry of entries) {
          acknowledge(entry);
          entry.journaled = false;
        }
        return replication.forget(entries);
      })
      .catch(options.fatal);
  };

  const ownEntries = (batch: HeldBatch): PoolEntry[] =>
    pooledOf(batch).flatMap(({ domain, key }) => {
      const entry = lanes.get(domain)?.entries.get(key);
      return entry === undefined ? [] : [entry];
    });

  const requeue = (entries: readonly PoolEntry[]): void => {
    for (const entry of entries) laneOf(entry.domain).mark(entry, "queued");
    journalWaiting(entries);
    options.onReady();
  };

  /** Asks the executed state about the senders of these entries, and ends what it has overtaken. */
  const refresh = async (domain: Domain, entries: readonly PoolEntry[]): Promise<void> => {
    if (entries.length === 0) return;
    const inspections = await options.inspect(
      domain,
      entries.map(({ bytes }) => bytes),
    );
    const stale: Ending[] = [];
    for (const [i, entry] of entries.entries()) {
      const inspection = inspections[i] as Result<TransactionFacts>;
      if (!inspection.ok || inspection.value.account === undefined) continue;
      for (const overtaken of laneOf(domain).refresh(entry.facts.sender, inspection.value.account)) {
        if (overtaken.phase === "queued") stale.push({ entry: overtaken, status: "omitted", reason: "nonce_too_low" });
      }
    }
    end(stale);
    options.onReady();
  };

  /** Of the senders that wait for a nonce, those whose turn it is. */
  const waitingInTurn = (domain: Domain): PoolEntry[] => {
    const all = laneOf(domain).waiting();
    const first = all.length === 0 ? 0 : (turns.get(domain) ?? 0) % all.length;
    turns.set(domain, first + poolLimits.waitingPerBlock);
    return [...all.slice(first), ...all.slice(0, first)].slice(0, poolLimits.waitingPerBlock);
  };

  const executed = async ({ domain, executions }: SettledSlice): Promise<void> => {
    const lane = laneOf(domain);
    const requeued: PoolEntry[] = [];
    const endings: Ending[] = [];
    const settled: { domain: Domain; id: Root }[] = [];
    const orphaned: PooledTransaction[] = [];
    const unsettled = new Map<string, PoolEntry>();
    const nonces = new Map<string, number>();
    for (const { key, execution } of executions) {
      const facts = lane.entries.get(key)?.facts;
      if (execution.kind !== "applied" || facts?.nonce === undefined) continue;
      nonces.set(facts.sender, Math.max(facts.nonce, nonces.get(facts.sender) ?? 0));
    }
    for (const [sender, nonce] of nonces) lane.refresh(sender, { nonce: nonce + 1 });
    for (const { key, id, bytes, execution } of executions) {
      const entry = lane.entries.get(key);
      if (execution.kind !== "returned") settled.push({ domain, id });
      if (entry === undefined) {
        if (execution.kind === "returned") orphaned.push({ domain, bytes });
        continue;
      }
      if (execution.kind === "applied") {
        lane.settle(key);
        forget(entry);
        continue;
      }
      unsettled.set(entry.facts.sender, entry);
      if (execution.kind === "omitted") remove(entry);
      else if (++entry.returned <= poolLimits.maxReturns) requeued.push(entry);
      else endings.push({ entry, status: "evicted", reason: execution.reason });
    }
    end(endings);
    if (requeued.length > 0) requeue(requeued);
    await replication.forget(settled);
    // A returned transaction is its entry node's to batch again; should that be dead, whoever holds it does.
    if (orphaned.length > 0) await replication.hold(orphaned, "returned");
    if (domain === bundleLane) return;
    const waiting = waitingInTurn(domain).map((entry) => [entry.facts.sender, entry] as const);
    const asked = new Map([...unsettled, ...waiting]);
    await refresh(domain, [...asked.values()]);
  };

  const adoption = createAdoption({
    runtime,
    replication,
    inspect: options.inspect,
    takeIn,
    omit: (domain, bytes, facts, reason) => end([{ entry: entryFor(domain, bytes, facts), status: "omitted", reason }]),
    onReady: options.onReady,
  });

  const expire = (): void => {
    const oldest = runtime.now() - poolLimits.lifetimeMs;
    const height = options.height();
    const isLate = ({ since, facts }: PoolEntry): boolean => since < oldest || (facts.notAfter ?? height) < height;
    const expired = [...lanes.values()].flatMap((lane) =>
      [...lane.entries.values()].filter((entry) => entry.phase === "queued" && isLate(entry)),
    );
    end(expired.map((entry) => ({ entry, status: "expired", reason: "not executable in time" })));
  };

  const tick = (): void => {
    expire();
    adoption.lookAfter().then(() => {
      if (!stopped) cancelTick = runtime.after(tickMs, tick);
    }, options.fatal);
  };
  let cancelTick = runtime.after(tickMs, tick);
  let stopped = false;

  return {
    submit,
    take,
    publish,
    ordered: (batch) => {
      for (const entry of ownEntries(batch)) laneOf(entry.domain).mark(entry, "ordered");
    },
    passedOver: (batch) => {
      const own = ownEntries(batch);
      requeue(own.filter(({ phase }) => phase === "batched"));
      // The producer batches its own again; should it be dead, whoever holds them does.
      const keys = new Set(own.map(({ key }) => key));
      const foreign = pooledOf(batch).filter(({ key }) => !keys.has(key));
      if (foreign.length > 0) replication.hold(foreign, toHex(batch.producer)).catch(options.fatal);
    },
    executed,
    find: (key) => {
      for (const lane of lanes.values()) {
        const entry = lane.entries.get(key);
        if (entry !== undefined) return entry;
      }
      return undefined;
    },
    findNative: (domain, nativeId) => natives.get(domain)?.get(nativeId),
    nextNonce: (domain, sender, nonce) => lanes.get(domain)?.nextNonce(sender, nonce) ?? nonce,
    size: () => {
      let transactions = 0;
      let bytes = 0;
      for (const lane of lanes.values()) {
        transactions += lane.entries.size;
        bytes += lane.bytes;
      }
      return { transactions, bytes };
    },
    restore: async (journaled, batches) => {
      const ordered = batches.flatMap(pooledOf);
      const known = new Set(ordered.map(({ key }) => key));
      for (const [domain, group] of byDomain(ordered)) {
        const bytes = group.map((transaction) => transaction.bytes);
        for (const entry of takeIn(domain, bytes, await options.inspect(domain, bytes))) {
          if (entry.ok) laneOf(domain).mark(entry.value, "batched");
        }
      }
      await adoption.restore(journaled.filter(({ bytes }) => !known.has(toHex(transactionId(bytes)))));
      options.onReady();
    },
    onPending: (domain, listener) => {
      const listeners = pendingListeners.get(domain) ?? new Set();
      pendingListeners.set(domain, listeners);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      stopped = true;
      cancelTick();
      replication.stop();
    },
  };
};
