/** A proposer's choice: which batches to take, and the header over them. Pure. */

import { toHex } from "../../protocol/bytes.ts";
import { epochAt } from "../../protocol/genesis.ts";
import type { Certified, Header } from "../../protocol/header.ts";
import { asEpoch, asHeight, type Root, type ValidatorIndex } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { OrderingState } from "../../protocol/ordering.ts";
import type { Summary } from "../../protocol/summary.ts";
import type { HeldBatch } from "../batch/held.ts";
import { addLoads, type Loads } from "../control/capacity.ts";
import { meet, takesOnlyControl } from "../control/state.ts";
import { payloadRootOf, slicesOf } from "./payload.ts";
import { isControlOnly, refuteBatch, refuteLoads, validatorRoots } from "./validity.ts";

/**
 * The batches of a block at `height` that meets `state`: in the order given, as long as they are valid there and fit.
 * Passing over one batch of a producer would void it, so a batch that doesn't fit closes its producer. Only where
 * nothing but control transactions may be ordered, others are passed over: what is in them returns.
 */
export const chooseBatches = (state: OrderingState, height: number, open: readonly HeldBatch[]): HeldBatch[] => {
  const candidates = takesOnlyControl(height, state.certified) ? open.filter(isControlOnly) : open;
  const chosen: HeldBatch[] = [];
  const taken = new Map<string, number>();
  const closed = new Set<string>();
  let loads: Loads = new Map();
  let bytes = 0;
  let bundles = 0;
  for (const batch of candidates) {
    const producer = toHex(batch.producer);
    if (chosen.length === limits.batchesPerBlock) break;
    if (closed.has(producer) || refuteBatch(batch, state, taken) !== undefined) continue;
    const together = addLoads([loads, batch.loads]);
    const isTooMuch = bytes + batch.size > limits.blockBytes || bundles + batch.bundles.length > limits.bundlesPerBlock;
    if (isTooMuch || refuteLoads(together, state) !== undefined) {
      closed.add(producer);
      continue;
    }
    chosen.push(batch);
    taken.set(producer, batch.sequence);
    bytes += batch.size;
    bundles += batch.bundles.length;
    loads = together;
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
  /** The execution certificate to carry, the parent's own or a newer one, and the summaries that it newly covers. */
  certified: Certified;
  summaries: readonly Summary[];
  proposer: ValidatorIndex;
  /** Milliseconds since the Unix epoch, by the proposer's clock. */
  nowMs: number;
};

/** A valid header on top of `parent`. */
export const assembleHeader = (assembly: Assembly): Header => {
  const { parent, parentRoot, state, proposer, nowMs } = assembly;
  const height = asHeight(parent.height + 1);
  const { certified } = assembly;
  const timestampMs = Math.max(parent.timestampMs + 1, nowMs);
  const met = meet(state, { timestampMs, certified: certified.height }, assembly.summaries);
  const batches = chooseBatches(met, height, assembly.candidates);
  const epoch = asEpoch(epochAt(height, state.epochLength));
  return {
    epoch,
    height,
    timestampMs,
    proposer,
    parent: parentRoot,
    payloadRoot: payloadRootOf(slicesOf(batches)),
    controlRoot: OrderingState.root(state),
    ...validatorRoots({ epoch }, state),
    batches: batches.map(({ digest }) => digest),
    certified,
  };
};
