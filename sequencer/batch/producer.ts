/**
 * Makes batches of what is ready in this node's lanes. The first goes out at once; while some are
 * on their way into blocks, the next one grows, so batches follow the load.
 */

import type { BlsSigner } from "../../consensus/certificate/bls.ts";
import { Batch } from "../../protocol/batch.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { Domain, Root } from "../../protocol/ids.ts";
import type { Runtime } from "../../protocol/ports.ts";
import { addLoads, batchAllowance } from "../control/capacity.ts";
import { lastSequence, producerState, takesOnlyControl } from "../control/state.ts";
import type { PoolEntry } from "../mempool/entry.ts";
import { sizeInBatch } from "../mempool/lane.ts";
import { batchSigningRoot } from "./exchange.ts";
import { type HeldBatch, holdBatch } from "./held.ts";
import { batchLimits } from "./limits.ts";
import { type Division, type Room, roomFor } from "./room.ts";

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
  /** Own batches that were open when the node started. */
  inFlight: readonly HeldBatch[];
  /** Ordering state after the newest finalized block, its height, and what others' open batches ask for. */
  division(): Pick<Division, "state" | "height" | "others">;
  /** Entries that can be batched now, in the order in which they should be; `isCut` if capacity leaves out some. */
  take(batchBytes: number, room: (domain: Domain) => Room): { entries: PoolEntry[]; isCut: boolean };
  /** Takes over a batch and the entries in it. */
  publish(batch: HeldBatch, entries: readonly PoolEntry[]): void;
};

/** Producer, sequence and the two list offsets. */
const batchOverhead = 48 + 8 + 4 + 4;

export const createBatchProducer = (options: BatchProducerOptions): BatchProducer => {
  const { genesis, signer, runtime } = options;
  const inFlight = new Map(options.inFlight.map(({ key, loads }) => [key, loads]));
  let sequence = options.lastSequence;
  let cancel: (() => void) | undefined;
  let cancelRetry = () => {};
  let lingered = false;

  const produce = (entries: readonly PoolEntry[]): void => {
    // Where the disk was lost, the chain knows of more.
    sequence = Math.max(sequence, lastSequence(options.division().state, signer.publicKey) ?? 0) + 1;
    const transactions = entries.filter(({ facts }) => facts.legs === undefined);
    const batch: Batch = {
      producer: signer.publicKey,
      sequence,
      transactions: transactions.map(({ domain, facts, bytes }) => ({ domain, gas: facts.gas, bytes })),
      bundles: entries.flatMap(({ bytes, facts: { legs } }) =>
        legs === undefined ? [] : [{ gas: legs.map(({ gas }) => gas), bytes }],
      ),
    };
    const digest = sha256(Batch.encode(batch));
    const signature = signer.sign(batchSigningRoot(genesis, sequence, digest));
    const leaves = transactions.map(({ id }) => id);
    const held = holdBatch({ batch, signature }, leaves);
    inFlight.set(held.key, held.loads);
    options.publish(held, entries);
  };

  const take = () => {
    const division = options.division();
    const allowed = batchAllowance(producerState(division.state, signer.publicKey)?.penalty ?? 0);
    const own = addLoads([...inFlight.values()]);
    const room = roomFor({ ...division, nowMs: runtime.now(), self: signer.publicKey, own });
    return options.take(allowed - batchOverhead, room);
  };

  /** Capacity comes with time. */
  const retry = (): void => {
    cancelRetry();
    cancelRetry = runtime.after(batchLimits.capacityMs, kick);
  };

  /** While batches wait for a certificate, one more may go out: it can only hold control transactions. */
  const mostInFlight = (): number => {
    const { height, state } = options.division();
    return batchLimits.inFlight + (takesOnlyControl(height + 1, state.certified) ? 1 : 0);
  };

  const run = (): void => {
    cancel = undefined;
    while (inFlight.size < mostInFlight()) {
      const { entries, isCut } = take();
      if (isCut) retry();
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
    stop: () => {
      cancel?.();
      cancelRetry();
    },
  };
};
