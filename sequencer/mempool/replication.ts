/**
 * Transactions that can't be batched yet, on more disks than one: the entry node sends them to all,
 * a holder journals them and says so. What can be batched is replicated by its batch.
 */
import { ByteListType, ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { transactionId } from "../../protocol/batch.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Domain, Root, ValidatorIndex } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Disk, Network, Runtime } from "../../protocol/ports.ts";
import { bytes32, sszObject, uint8, uint32 } from "../../protocol/ssz.ts";
import { tagged } from "../message.ts";
import { below, keys, prefixes } from "../storage/keys.ts";
import { poolLimits } from "./limits.ts";

export type PooledTransaction = { domain: Domain; bytes: Uint8Array };

const pooledType = new ContainerType({ domain: uint32, bytes: new ByteListType(limits.transactionBytes) });

/** In the store: who answers for the transaction. */
type JournaledTransaction = PooledTransaction & {
  /** 1: this node took it in; 0: it holds it for a peer. */ own: number;
};
const JournaledTransaction = sszObject<JournaledTransaction>(
  "JournaledTransaction",
  new ContainerType({ domain: uint32, bytes: new ByteListType(limits.transactionBytes), own: uint8 }),
);

const Transactions = sszObject<PooledTransaction[]>(
  "PooledTransactions",
  new ListCompositeType(pooledType, limits.batchTransactions),
);
const Ids = sszObject<Root[]>("PooledIds", new ListCompositeType(bytes32, limits.batchTransactions));

const tags = { journal: 1, journaled: 2 } as const;

/** The message by which a node has others journal its transactions. */
export const encodeJournalMessage = (transactions: readonly PooledTransaction[]): Uint8Array =>
  tagged(tags.journal, Transactions.encode(transactions.map(({ domain, bytes }) => ({ domain, bytes }))));

/** A transaction held for a peer. */
export type HeldTransaction = PooledTransaction & {
  id: Root;
  /** On whose account it takes room. */
  source: string;
  /** Who took it in; absent for what came back without a batch. */
  owner?: ValidatorIndex;
  /** When it came, and since when it could be executed, by this node's clock. */
  since: number;
  executableSince?: number;
};

export type Replication = {
  /** Journals own transactions here and at peers; resolves once this disk and `f` others have them. */
  replicate(transactions: readonly (PooledTransaction & { id: Root })[]): Promise<void>;
  /** Forgets transactions that stand in a batch or have come to an end. */
  forget(transactions: readonly { domain: Domain; id: Root }[]): Promise<void>;
  /** Forgets transactions that no state can make valid. A peer that sent some commits an offence by each call. */
  reject(transactions: readonly HeldTransaction[]): Promise<void>;
  /** The next `count` of the transactions held for peers, in turn. */
  nextHeld(count: number): HeldTransaction[];
  /** Whether the node that took a transaction in can be reached: then it has it ordered itself. */
  isOwnerPresent(held: HeldTransaction): boolean;
  /** Journals transactions that another node took in, as far as there is room for `source`; tells which ones. */
  hold(transactions: readonly PooledTransaction[], source: string, owner?: ValidatorIndex): Promise<Root[]>;
  stop(): void;
};

export type ReplicationOptions = {
  disk: Disk;
  network: Network;
  runtime: Runtime;
  /** Other disks that must have a transaction before it is acknowledged. */
  f: number;
  fatal(error: unknown): void;
};

type Waiting = { message: Uint8Array; missing: Map<ValidatorIndex, Set<Hex>>; done(): void };

/** A transaction's place in the journal: anybody may send the same bytes for another tenant. */
const placeOf = ({ domain, id }: { domain: Domain; id: Root }): string => `${domain}/${toHex(id)}`;

const inChunks = <T extends PooledTransaction>(transactions: readonly T[]): T[][] => {
  const chunks: T[][] = [];
  let size = 0;
  for (const transaction of transactions) {
    const chunk = chunks.at(-1);
    const full = chunk?.length === limits.batchTransactions || size + transaction.bytes.length > limits.batchBytes / 2;
    if (chunk === undefined || full) {
      chunks.push([transaction]);
      size = transaction.bytes.length;
    } else {
      chunk.push(transaction);
      size += transaction.bytes.length;
    }
  }
  return chunks;
};

/** Opens the journal. Gives own transactions that were in it when the node stopped. */
export const openReplication = async (
  options: ReplicationOptions,
): Promise<{ replication: Replication; own: PooledTransaction[] }> => {
  const { disk, network, runtime, f } = options;
  const held = new Map<string, HeldTransaction>();
  /** Room that each source takes of `held`. */
  const used = new Map<string, { transactions: number; bytes: number }>();
  const journaled = new Set<string>();
  const own: PooledTransaction[] = [];
  const waiting = new Set<Waiting>();
  /** Those that wait for a transaction. */
  const awaited = new Map<Hex, Set<Waiting>>();
  /** The newest write to the journal: once it is on disk, all before it are. */
  let newestWrite: Promise<void> = Promise.resolve();
  let stopped = false;

  const account = (source: string, transactions: number, bytes: number): void => {
    const before = used.get(source) ?? { transactions: 0, bytes: 0 };
    const after = { transactions: before.transactions + transactions, bytes: before.bytes + bytes };
    if (after.transactions === 0) used.delete(source);
    else used.set(source, after);
  };

  const note = ({ domain, bytes }: PooledTransaction, id: Root, source: string, owner?: ValidatorIndex): void => {
    const entry: HeldTransaction = { domain, bytes, id, source, since: runtime.now() };
    held.set(placeOf({ domain, id }), owner === undefined ? entry : { ...entry, owner });
    account(source, 1, bytes.length);
  };

  for await (const [, value] of disk.range(below(prefixes.pooled()))) {
    const transaction = JournaledTransaction.decode(value);
    const id = transactionId(transaction.bytes);
    if (transaction.own === 1) {
      own.push(transaction);
      journaled.add(placeOf({ domain: transaction.domain, id }));
    } else note(transaction, id, "before the start");
  }

  const write = (transactions: readonly (PooledTransaction & { id: Root })[], isOwn: boolean): Promise<void> => {
    newestWrite = disk.write(
      transactions.map(({ domain, id, bytes }) => ({
        key: keys.pooled(domain, id),
        value: JournaledTransaction.encode({ domain, bytes, own: isOwn ? 1 : 0 }),
      })),
    );
    return newestWrite;
  };

  const hold: Replication["hold"] = async (transactions, source, owner) => {
    const ids: Root[] = [];
    const fresh: (PooledTransaction & { id: Root })[] = [];
    for (const transaction of transactions) {
      const id = transactionId(transaction.bytes);
      const place = placeOf({ domain: transaction.domain, id });
      const known = held.has(place) || journaled.has(place);
      const room = used.get(source) ?? { transactions: 0, bytes: 0 };
      const full =
        room.transactions >= poolLimits.heldTransactions ||
        room.bytes + transaction.bytes.length > poolLimits.heldBytes;
      if (!known && full) continue;
      ids.push(id);
      if (known) continue;
      note(transaction, id, source, owner);
      fresh.push({ ...transaction, id });
    }
    await (fresh.length > 0 ? write(fresh, false) : newestWrite);
    return ids;
  };

  const journal = async (from: ValidatorIndex, transactions: readonly PooledTransaction[]): Promise<void> => {
    const ids = await hold(transactions, `peer ${from}`, from);
    if (ids.length > 0) network.send(from, "pool", tagged(tags.journaled, Ids.encode(ids)));
  };

  const confirm = (from: ValidatorIndex, ids: readonly Root[]): void => {
    const touched = new Set<Waiting>();
    for (const key of ids.map(toHex)) {
      for (const wait of awaited.get(key) ?? []) if (wait.missing.get(from)?.delete(key)) touched.add(wait);
    }
    for (const wait of touched) {
      if ([...wait.missing.values()].filter((left) => left.size === 0).length >= f) wait.done();
    }
  };

  network.listen("pool", (from, message) => {
    if (stopped) return;
    const body = message.slice(1);
    if (message[0] === tags.journal) journal(from, Transactions.decode(body)).catch(options.fatal);
    else if (message[0] === tags.journaled) confirm(from, Ids.decode(body));
    else throw new LockstepError("unknown_message", "an unknown message about pooled transactions");
  });

  const resend = (): void => {
    if (stopped) return;
    for (const { message, missing } of waiting) {
      for (const [peer, left] of missing) if (left.size > 0) network.send(peer, "pool", message);
    }
    cancelResend = runtime.after(poolLimits.resendMs, resend);
  };
  let cancelResend = runtime.after(poolLimits.resendMs, resend);

  /** Resolves once f peers have journaled a chunk; one that never is stays until the pool gives up on it. */
  const confirmed = (transactions: readonly (PooledTransaction & { id: Root })[], peers: readonly ValidatorIndex[]) =>
    new Promise<void>((resolve) => {
      const message = encodeJournalMessage(transactions);
      const ids = transactions.map(({ id }) => toHex(id));
      const forget = (): void => {
        waiting.delete(wait);
        for (const key of ids) {
          const waits = awaited.get(key);
          if (waits?.delete(wait) && waits.size === 0) awaited.delete(key);
        }
      };
      const wait: Waiting = {
        message,
        missing: new Map(peers.map((peer) => [peer, new Set(ids)])),
        done: () => {
          forget();
          cancelGivingUp();
          resolve();
        },
      };
      const cancelGivingUp = runtime.after(poolLimits.acknowledgementMs, forget);
      waiting.add(wait);
      for (const key of ids) awaited.set(key, (awaited.get(key) ?? new Set()).add(wait));
      network.broadcast("pool", message);
    });

  const forget = async (transactions: readonly { domain: Domain; id: Root }[]): Promise<void> => {
    if (held.size === 0 && journaled.size === 0) return;
    const writes = [];
    for (const { domain, id } of transactions) {
      const place = placeOf({ domain, id });
      const entry = held.get(place);
      if (entry !== undefined) account(entry.source, -1, -entry.bytes.length);
      const wasHeld = held.delete(place);
      if (journaled.delete(place) || wasHeld) writes.push({ key: keys.pooled(domain, id), value: undefined });
    }
    if (writes.length > 0) await disk.write(writes);
  };

  return {
    own,
    replication: {
      nextHeld: (count) => {
        const next: HeldTransaction[] = [];
        const most = Math.min(count, held.size);
        for (const [place, transaction] of held) {
          // What was taken stands at the end now: it must not be met again.
          if (next.length === most) break;
          next.push(transaction);
          held.delete(place);
          held.set(place, transaction);
        }
        return next;
      },
      isOwnerPresent: ({ owner }) => owner !== undefined && network.peers().includes(owner),
      hold,
      replicate: async (transactions) => {
        for (const transaction of transactions) journaled.add(placeOf(transaction));
        const written = write(transactions, true);
        const elsewhere = f === 0 ? [] : inChunks(transactions).map((chunk) => confirmed(chunk, network.peers()));
        await Promise.all([written, ...elsewhere]);
      },
      forget,
      reject: (transactions) => {
        const senders = new Set(transactions.flatMap(({ owner }) => (owner === undefined ? [] : [owner])));
        for (const peer of senders) network.penalize(peer, "it had transactions journaled that can never be valid");
        return forget(transactions);
      },
      stop: () => {
        stopped = true;
        cancelResend();
      },
    },
  };
};
