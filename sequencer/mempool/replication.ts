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

const tagged = (tag: number, body: Uint8Array): Uint8Array => {
  const message = new Uint8Array(body.length + 1);
  message[0] = tag;
  message.set(body, 1);
  return message;
};

/** A transaction held for a peer. */
export type HeldTransaction = PooledTransaction & {
  id: Root;
  key: Hex;
  /** Since when it could be executed, by this node's clock. */
  executableSince?: number;
};

export type Replication = {
  /** Journals own transactions here and at peers; resolves once this disk and `f` others have them. */
  replicate(transactions: readonly (PooledTransaction & { id: Root })[]): Promise<void>;
  /** Forgets transactions that stand in a batch or have come to an end. */
  forget(ids: readonly { id: Root; key: Hex }[]): Promise<void>;
  readonly held: ReadonlyMap<Hex, HeldTransaction>;
  /** Journals transactions that another node took in, as far as there is room; tells which ones. */
  hold(transactions: readonly PooledTransaction[]): Promise<Root[]>;
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
  const held = new Map<Hex, HeldTransaction>();
  const journaled = new Set<Hex>();
  const own: PooledTransaction[] = [];
  const waiting = new Set<Waiting>();
  let heldBytes = 0;
  let stopped = false;

  const note = (transaction: PooledTransaction): HeldTransaction => {
    const id = transactionId(transaction.bytes);
    const entry = { ...transaction, id, key: toHex(id) };
    if (!held.has(entry.key)) heldBytes += transaction.bytes.length;
    held.set(entry.key, entry);
    return entry;
  };

  for await (const [key, value] of disk.range(below(prefixes.pooled()))) {
    const transaction = JournaledTransaction.decode(value);
    if (transaction.own === 1) {
      own.push(transaction);
      journaled.add(toHex(key.slice(prefixes.pooled().length)));
    } else note(transaction);
  }

  const hold = async (transactions: readonly PooledTransaction[]): Promise<Root[]> => {
    const size = transactions.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const full =
      held.size + transactions.length > poolLimits.heldTransactions || heldBytes + size > poolLimits.heldBytes;
    if (full) return [];
    const entries = transactions.map(note);
    await disk.write(
      entries.map(({ id, domain, bytes }) => ({
        key: keys.pooled(id),
        value: JournaledTransaction.encode({ domain, bytes, own: 0 }),
      })),
    );
    return entries.map(({ id }) => id);
  };

  const journal = async (from: ValidatorIndex, transactions: readonly PooledTransaction[]): Promise<void> => {
    const ids = await hold(transactions);
    if (ids.length > 0) network.send(from, "pool", tagged(tags.journaled, Ids.encode(ids)));
  };

  const confirm = (from: ValidatorIndex, ids: readonly Root[]): void => {
    for (const wait of [...waiting]) {
      const missing = wait.missing.get(from);
      if (missing === undefined) continue;
      for (const id of ids) missing.delete(toHex(id));
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
      const message = tagged(tags.journal, Transactions.encode([...transactions]));
      const ids = transactions.map(({ id }) => toHex(id));
      const wait: Waiting = {
        message,
        missing: new Map(peers.map((peer) => [peer, new Set(ids)])),
        done: () => {
          waiting.delete(wait);
          cancelGivingUp();
          resolve();
        },
      };
      const cancelGivingUp = runtime.after(poolLimits.acknowledgementMs, () => waiting.delete(wait));
      waiting.add(wait);
      network.broadcast("pool", message);
    });

  return {
    own,
    replication: {
      held,
      hold,
      replicate: async (transactions) => {
        for (const { id } of transactions) journaled.add(toHex(id));
        const written = disk.write(
          transactions.map(({ id, domain, bytes }) => ({
            key: keys.pooled(id),
            value: JournaledTransaction.encode({ domain, bytes, own: 1 }),
          })),
        );
        const elsewhere = f === 0 ? [] : inChunks(transactions).map((chunk) => confirmed(chunk, network.peers()));
        await Promise.all([written, ...elsewhere]);
      },
      forget: async (ids) => {
        const writes = [];
        for (const { id, key } of ids) {
          const entry = held.get(key);
          if (entry !== undefined) heldBytes -= entry.bytes.length;
          if (held.delete(key) || journaled.delete(key)) writes.push({ key: keys.pooled(id), value: undefined });
        }
        if (writes.length > 0) await disk.write(writes);
      },
      stop: () => {
        stopped = true;
        cancelResend();
      },
    },
  };
};
