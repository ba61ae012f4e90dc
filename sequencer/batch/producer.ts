/**
 * Makes batches of what is ready in this node's lanes. The first goes out at once; while some are
 * on their way into blocks, the next one grows, so batches follow the load.
 */

import type { BlsSigner } from "../../consensus/certificate/bls.ts";
import { Batch } from "../../protocol/batch.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { PoolEntry } from "../mempool/entry.ts";
import { batchSigningRoot } from "./exchange.ts";
import { type HeldBatch, holdBatch } from "./held.ts";
import { batchLimits } from "./limits.ts";

export type BatchProducer = {
  /** Says that entries may have become ready. */
  kick(): void;
  /** Says that own batches have been taken by blocks or passed over. */
  settled(keys: readonly Hex[]): void;
  stop(): void;
};

export type BatchProducerOptions = {
  genesis: Root;
  signer: BlsSigner;
  runtime: Runtime;
  /** Sequence of the newest own batch on disk. */
  lastSequence: number;
  /** Sequence of the newest own batch that the finalized chain took; above `lastSequence` where the disk was lost. */
  orderedSequence(): number;
  /** Own batches that were open when the node started. */
  inFlight: readonly Hex[];
  /** Entries that can be batched now, in the order in which they should be. */
  ready(): PoolEntry[];
  /** Takes over a batch and the entries in it. */
  publish(batch: HeldBatch, entries: readonly PoolEntry[]): void;
};

/** Encoded size of a transaction in a batch: offset, domain, gas, offset of the bytes, bytes. */
const sizeInBatch = (entry: PoolEntry): number => entry.bytes.length + 4 + 4 + 8 + 4;
/** Producer, sequence and the two list offsets. */
const batchOverhead = 48 + 8 + 4 + 4;

/** The longest prefix of `ready` that fits a batch. */
const fill = (ready: readonly PoolEntry[]): PoolEntry[] => {
  const entries: PoolEntry[] = [];
  let size = batchOverhead;
  for (const entry of ready) {
    size += sizeInBatch(entry);
    if (entries.length === limits.batchTransactions || size > limits.batchBytes) break;
    entries.push(entry);
  }
  return entries;
};

export const createBatchProducer = (options: BatchProducerOptions): BatchProducer => {
  const { genesis, signer, runtime } = options;
  const inFlight = new Set(options.inFlight);
  let sequence = options.lastSequence;
  let cancel: (() => void) | undefined;
  let lingered = false;

  const produce = (entries: readonly PoolEntry[]): void => {
    sequence = Math.max(sequence, options.orderedSequence()) + 1;
    const batch: Batch = {
      producer: signer.publicKey,
      sequence,
      transactions: entries.map(({ domain, facts, bytes }) => ({ domain, gas: facts.gas, bytes })),
      bundles: [],
    };
    const digest = sha256(Batch.encode(batch));
    const held = holdBatch({ batch, signature: signer.sign(batchSigningRoot(genesis, sequence, digest)) });
    inFlight.add(held.key);
    options.publish(held, entries);
  };

  const run = (): void => {
    cancel = undefined;
    while (inFlight.size < batchLimits.inFlight) {
      const entries = fill(options.ready());
      if (entries.length === 0) return;
      const size = entries.reduce((sum, entry) => sum + sizeInBatch(entry), 0);
      if (inFlight.size > 0 && size < batchLimits.fullEnoughBytes && !lingered) {
        lingered = true;
        cancel = runtime.after(batchLimits.lingerMs, run);
        return;
      }
      lingered = false;
      produce(entries);
    }
  };

  const kick = (): void => {
    // One turn later, so that what comes in together goes out together.
    cancel ??= runtime.after(0, run);
  };

  return {
    kick,
    settled: (keys) => {
      for (const key of keys) inFlight.delete(key);
      kick();
    },
    stop: () => cancel?.(),
  };
};
