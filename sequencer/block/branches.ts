/** The ordering state after every block that a vote may build on: the newest finalized one and those above it. */
import type { HeaderLookup, KnownHeader } from "../../consensus/application.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Height, Root } from "../../protocol/ids.ts";
import type { HeldBatch } from "../batch/held.ts";
import { advance, type OrderingState } from "../control/state.ts";

export type Branches = {
  /** State after a block, if all batches up to it have been seen. */
  known(root: Root): OrderingState | undefined;
  /**
   * State after a block; `hold` gets the batches of blocks on the way that were never judged here.
   * @throws LockstepError `unknown_branch` when the block doesn't lead down to a known one
   */
  after(block: KnownHeader, ancestors: HeaderLookup, hold: HoldBatches): Promise<OrderingState>;
  /** Takes note of the batches of a valid block on a known parent. */
  extend(block: KnownHeader, parentState: OrderingState, batches: readonly HeldBatch[]): OrderingState;
  /** Keeps the state after the newest finalized block and of what may descend from it. */
  finalize(block: KnownHeader): void;
};

export type HoldBatches = (block: KnownHeader) => Promise<readonly HeldBatch[]>;

/** Starts from a finalized block and the ordering state after it. */
export const createBranches = (tip: { root: Root; height: Height; state: OrderingState }): Branches => {
  const states = new Map<Hex, { height: Height; state: OrderingState }>();
  states.set(toHex(tip.root), { height: tip.height, state: tip.state });

  const extend: Branches["extend"] = (block, parentState, batches) => {
    const after = advance(parentState, block.header.height, batches);
    states.set(toHex(block.root), { height: block.header.height, state: after });
    return after;
  };

  return {
    known: (root) => states.get(toHex(root))?.state,
    after: async (block, ancestors, hold) => {
      const missing: KnownHeader[] = [];
      let at: KnownHeader = block;
      let base = states.get(toHex(at.root))?.state;
      while (base === undefined) {
        missing.push(at);
        base = states.get(toHex(at.header.parent))?.state;
        if (base !== undefined) break;
        const parent = ancestors(at.header.parent);
        if (parent === undefined)
          throw new LockstepError("unknown_branch", "a block on a branch that is not known here");
        at = parent;
      }
      for (const next of missing.reverse()) base = extend(next, base, await hold(next));
      return base;
    },
    extend,
    finalize: ({ header }) => {
      for (const [key, { height }] of states) if (height < header.height) states.delete(key);
    },
  };
};
