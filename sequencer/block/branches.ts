/** The ordering state after every block that a vote may build on: the newest finalized one and those above it. */

import type { HeaderLookup, KnownHeader } from "../../consensus/application.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Height, Root } from "../../protocol/ids.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import type { Summary } from "../../protocol/summary.ts";
import type { HeldBatch } from "../batch/held.ts";
import { type Command, type ControlOutcome, command } from "../control/ledger.ts";
import { advance, meet } from "../control/state.ts";

export type Branches = {
  /** State after a block, if all batches up to it have been seen. */
  known(root: Root): OrderingState | undefined;
  /** What became of the block's control transactions, where its state is known. */
  outcomes(root: Root): readonly ControlOutcome[];
  /**
   * State after a block; `hold` gets what judging takes of blocks on the way that were never judged here.
   * @throws LockstepError `unknown_branch` when the block doesn't lead down to a known one
   */
  after(block: KnownHeader, ancestors: HeaderLookup, hold: Hold): Promise<OrderingState>;
  /** Takes note of a valid block on a known parent. */
  extend(block: KnownHeader, parentState: OrderingState, held: Held): OrderingState;
  /** Keeps the state after the newest finalized block and of what may descend from it. */
  finalize(block: KnownHeader): void;
};

/** What a block is judged by besides its header: its batches, and the summaries that it newly certifies. */
export type Held = {
  batches: readonly HeldBatch[];
  /** The control transactions among them. */
  commands: readonly Command[];
  summaries: readonly Summary[];
};

/** Gets these, from peers where need be. `state` is that after the block's parent. */
export type Hold = (block: KnownHeader, state: OrderingState) => Promise<Held>;

/** Starts from a finalized block and the ordering state after it. */
export const createBranches = (tip: { root: Root; height: Height; state: OrderingState }): Branches => {
  type Known = { height: Height; state: OrderingState; outcomes: readonly ControlOutcome[] };
  const states = new Map<Hex, Known>();
  states.set(toHex(tip.root), { height: tip.height, state: tip.state, outcomes: [] });

  const extend: Branches["extend"] = ({ header, root }, parentState, { batches, commands, summaries }) => {
    const { height, timestampMs, certified } = header;
    const met = meet(parentState, { timestampMs, certified: certified.height }, summaries);
    const { state, outcomes } = command(advance(met, height, batches), header, commands);
    states.set(toHex(root), { height, state, outcomes });
    return state;
  };

  return {
    known: (root) => states.get(toHex(root))?.state,
    outcomes: (root) => states.get(toHex(root))?.outcomes ?? [],
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
      for (const next of missing.reverse()) base = extend(next, base, await hold(next, base));
      return base;
    },
    extend,
    finalize: ({ header }) => {
      for (const [key, { height }] of states) if (height < header.height) states.delete(key);
    },
  };
};
