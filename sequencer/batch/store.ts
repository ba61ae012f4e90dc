/**
 * The batches that this node holds, on disk and synced. Those that no finalized block has taken yet
 * are open: a proposer chooses among them.
 */

import { compareBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asRoot, type Height, type PublicKey, type Root } from "../../protocol/ids.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import { addLoads, type Loads } from "../control/capacity.ts";
import { lastSequence } from "../control/state.ts";
import { below, keys, prefixes } from "../storage/keys.ts";
import { decodeBatch, type HeldBatch } from "./held.ts";
import { batchLimits } from "./limits.ts";

export type OpenBatch = { batch: HeldBatch /** When it came, by this node's clock. */; since: number };

export type BatchStore = {
  /**
   * Writes a batch; it is held, and seen by everything below, once this resolves. One that came although
   * its producer has no room is kept only as long as the block that names it, at height `neededAt`, may be finalized.
   */
  add(batch: HeldBatch, since: number, neededAt?: Height): Promise<void>;
  /** Takes note that a block at `height` names a batch. */
  need(key: Hex, height: Height): void;
  /** A batch in memory: open, or taken and not executed yet. */
  held(key: Hex): HeldBatch | undefined;
  /** A batch from memory or disk. */
  get(digest: Root): Promise<HeldBatch | undefined>;
  /** The encoded `SignedBatch`, as it travels. */
  encoded(digest: Root): Promise<Uint8Array | undefined>;
  /** Open batches in the order in which they came; one producer's by sequence. */
  open(): OpenBatch[];
  /** What open batches ask for, of each producer but one. */
  loadsOfOthers(self: PublicKey): Loads[];
  /** Whether a producer may still add open batches here. */
  hasRoom(producer: PublicKey, size: number): boolean;
  /**
   * Ends what the finalized block at `height` decides: batches at or below the state's sequences are open no more.
   * Gives the writes to make with the block, and the batches that were passed over.
   */
  settle(
    state: OrderingState,
    height: Height,
    taken: ReadonlySet<Hex>,
  ): { writes: DiskWrite[]; passedOver: HeldBatch[] };
  /** Forgets executed batches in memory; they stay on disk. */
  release(keys: readonly Hex[]): void;
  /** Highest sequence of a producer's stored open batches, 0 if none. */
  highestSequence(producer: PublicKey): number;
};

const bySequence = (a: OpenBatch, b: OpenBatch): number =>
  a.since - b.since || compareBytes(a.batch.producer, b.batch.producer) || a.batch.sequence - b.batch.sequence;

/** Opens the store; reads what was open when the node stopped. `fatal` hears of a disk that failed. */
export const openBatchStore = async (disk: Disk, fatal: (error: unknown) => void): Promise<BatchStore> => {
  const memory = new Map<Hex, HeldBatch>();
  const open = new Map<Hex, OpenBatch>();
  /** Batches that come or go: the disk may show them already, or still. */
  const moving = new Map<Hex, Promise<void>>();
  /** Open batches beyond their producers' room, by the newest height of a block that names them. */
  const spare = new Map<Hex, Height>();

  const read = async (digest: Root): Promise<HeldBatch | undefined> => {
    const encoded = await disk.get(keys.batch(digest));
    if (encoded === undefined) return undefined;
    const batch = decodeBatch(encoded);
    if (!batch.ok) throw new LockstepError("store_corrupt", `stored batch ${toHex(digest)}: ${batch.error.message}`);
    return batch.value;
  };

  for await (const [key] of disk.range(below(prefixes.openBatches()))) {
    const batch = await read(asRoot(key.slice(prefixes.openBatches().length)));
    if (batch === undefined) continue;
    memory.set(batch.key, batch);
    open.set(batch.key, { batch, since: 0 });
  }

  const openOf = (producer: Hex): HeldBatch[] =>
    [...open.values()].map(({ batch }) => batch).filter((batch) => toHex(batch.producer) === producer);

  const close = ({ key }: HeldBatch): void => {
    open.delete(key);
    spare.delete(key);
  };

  const drop = (batch: HeldBatch): void => {
    close(batch);
    memory.delete(batch.key);
    move(batch, [
      { key: keys.openBatch(batch.digest), value: undefined },
      { key: keys.batch(batch.digest), value: undefined },
    ]).catch(fatal);
  };

  const move = async ({ key }: HeldBatch, writes: DiskWrite[]): Promise<void> => {
    const written = disk.write(writes);
    moving.set(key, written);
    await written;
    if (moving.get(key) === written) moving.delete(key);
  };

  return {
    add: async (batch, since, neededAt) => {
      await move(batch, [
        { key: keys.batch(batch.digest), value: batch.encoded },
        { key: keys.openBatch(batch.digest), value: new Uint8Array() },
      ]);
      memory.set(batch.key, batch);
      open.set(batch.key, { batch, since });
      if (neededAt !== undefined) spare.set(batch.key, neededAt);
    },
    need: (key, height) => {
      const before = spare.get(key);
      if (before !== undefined && before < height) spare.set(key, height);
    },
    held: (key) => memory.get(key),
    get: async (digest) => {
      const key = toHex(digest);
      await moving.get(key);
      return memory.get(key) ?? (await read(digest));
    },
    encoded: async (digest) => memory.get(toHex(digest))?.encoded ?? (await disk.get(keys.batch(digest))),
    open: () => [...open.values()].sort(bySequence),
    loadsOfOthers: (self) => {
      const byProducer = new Map<Hex, Loads[]>();
      for (const { batch } of open.values()) {
        const producer = toHex(batch.producer);
        byProducer.set(producer, [...(byProducer.get(producer) ?? []), batch.loads]);
      }
      byProducer.delete(toHex(self));
      return [...byProducer.values()].map(addLoads);
    },
    hasRoom: (producer, size) => {
      const own = openOf(toHex(producer));
      const bytes = own.reduce((sum, batch) => sum + batch.size, size);
      return own.length < batchLimits.openBatches && bytes <= batchLimits.openBytes;
    },
    settle: (state, height, taken) => {
      const writes: DiskWrite[] = [];
      const passedOver: HeldBatch[] = [];
      for (const { batch } of open.values()) {
        if (batch.sequence > (lastSequence(state, batch.producer) ?? Number.MAX_SAFE_INTEGER)) continue;
        close(batch);
        writes.push({ key: keys.openBatch(batch.digest), value: undefined });
        if (taken.has(batch.key)) continue;
        passedOver.push(batch);
        memory.delete(batch.key);
        writes.push({ key: keys.batch(batch.digest), value: undefined });
      }
      const outdated = [...spare].flatMap(([key, neededAt]) => (neededAt > height ? [] : [open.get(key)?.batch]));
      for (const batch of outdated) if (batch !== undefined) drop(batch);
      return { writes, passedOver };
    },
    release: (executed) => {
      for (const key of executed) memory.delete(key);
    },
    highestSequence: (producer) =>
      openOf(toHex(producer)).reduce((highest, { sequence }) => Math.max(highest, sequence), 0),
  };
};
