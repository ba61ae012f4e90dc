/** A proposer's choice: which batches to take, and the header over them. Pure. */
import { toHex } from "../../protocol/bytes.ts";
import { epochAt } from "../../protocol/genesis.ts";
import type { Certified, Header } from "../../protocol/header.ts";
import { asEpoch, asHeight, type Domain, type Root, type ValidatorIndex } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { HeldBatch } from "../batch/held.ts";
import { OrderingState } from "../control/state.ts";
import { payloadRootOf, slicesOf } from "./payload.ts";
import { refuteBatch, validatorRoots } from "./validity.ts";

/**
 * The batches of a block under `state`: in the order given, as long as they are valid there and fit.
 * Passing over one batch of a producer would void it, so a batch that doesn't fit closes its producer.
 */
export const chooseBatches = (state: OrderingState, candidates: readonly HeldBatch[]): HeldBatch[] => {
  const chosen: HeldBatch[] = [];
  const taken = new Map<string, number>();
  const closed = new Set<string>();
  const entries = new Map<Domain, number>();
  let bytes = 0;
  for (const batch of candidates) {
    const producer = toHex(batch.producer);
    if (chosen.length === limits.batchesPerBlock) break;
    if (closed.has(producer) || refuteBatch(batch, state, taken) !== undefined) continue;
    const fits =
      bytes + batch.size <= limits.blockBytes &&
      [...batch.counts].every(([domain, count]) => (entries.get(domain) ?? 0) + count <= limits.sliceEntries);
    if (!fits) {
      closed.add(producer);
      continue;
    }
    chosen.push(batch);
    taken.set(producer, batch.sequence);
    bytes += batch.size;
    for (const [domain, count] of batch.counts) entries.set(domain, (entries.get(domain) ?? 0) + count);
  }
  return chosen;
};

export type Assembly = {
  parent: Header;
  parentRoot: Root;
  /** Ordering state after the parent. */
  state: OrderingState;
  /** Held batches, in the order in which this node prefers them. */
  candidates: readonly HeldBatch[];
  /** Newest execution certificate known here, if it is newer than the parent's. */
  certified: Certified | undefined;
  proposer: ValidatorIndex;
  /** Milliseconds since the Unix epoch, by the proposer's clock. */
  nowMs: number;
};

/** A valid header on top of `parent`. */
export const assembleHeader = (assembly: Assembly): Header => {
  const { parent, parentRoot, state, proposer, nowMs } = assembly;
  const height = asHeight(parent.height + 1);
  const newer = assembly.certified !== undefined && assembly.certified.height > parent.certified.height;
  const certified = newer ? (assembly.certified as Certified) : parent.certified;
  const tooFarAhead = height - certified.height > limits.uncertifiedHeights;
  const batches = tooFarAhead ? [] : chooseBatches(state, assembly.candidates);
  const epoch = asEpoch(epochAt(height, state.epochLength));
  return {
    epoch,
    height,
    timestampMs: Math.max(parent.timestampMs + 1, nowMs),
    proposer,
    parent: parentRoot,
    payloadRoot: payloadRootOf(slicesOf(batches)),
    controlRoot: OrderingState.root(state),
    ...validatorRoots({ epoch }, state),
    batches: batches.map(({ digest }) => digest),
    certified,
  };
};
