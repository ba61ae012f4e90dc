/** What a finalized order means for batches and mempool, before and apart from its execution. */

import type { FinalizedBlock, KnownHeader } from "../../consensus/application.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import type { Summaries } from "../attestation/summaries.ts";
import type { BatchExchange } from "../batch/exchange.ts";
import type { HeldBatch } from "../batch/held.ts";
import type { BatchStore } from "../batch/store.ts";
import type { Command } from "../control/ledger.ts";
import type { Pool } from "../mempool/pool.ts";
import type { OrderedBlock } from "../pipeline/pipeline.ts";
import type { Branches } from "./branches.ts";

export type SettlementOptions = {
  branches: Branches;
  batches: BatchStore;
  exchange: BatchExchange;
  summaries: Summaries;
  /** The control transactions among batches. */
  commands(batches: readonly HeldBatch[]): Promise<Command[]>;
  pool: Pick<Pool, "ordered" | "passedOver">;
  /** Own batches that are on their way no more. */
  onSettled(keys: readonly Hex[]): void;
  /** Takes over what a block's control transactions did; gives the writes to make with its order. */
  controlled(
    block: KnownHeader,
    state: OrderingState,
    batches: readonly HeldBatch[],
  ): Promise<Pick<OrderedBlock, "writes" | "recovery">>;
  /** Called in order of height. */
  onOrdered(ordered: OrderedBlock): void;
  fatal(error: unknown): void;
};

export type Settlement = { push(block: FinalizedBlock): void; stop(): void };

/** Takes finalized blocks one after the other; waits where batches are missing. */
export const createSettlement = (options: SettlementOptions): Settlement => {
  const { branches, batches, exchange, pool } = options;
  const stopping = new AbortController();
  let tail: Promise<void> = Promise.resolve();

  const extend = async (block: FinalizedBlock, before: OrderingState, held: HeldBatch[]): Promise<OrderingState> => {
    const newly = await options.summaries.hold(before.certified, block.header.certified, stopping.signal);
    const commands = await options.commands(held);
    return branches.extend(block, before, { batches: held, commands, summaries: newly });
  };

  const settle = async (block: FinalizedBlock): Promise<void> => {
    const { header } = block;
    const held = await exchange.hold(header, stopping.signal);
    const before = branches.known(header.parent);
    if (before === undefined) throw new LockstepError("unknown_branch", `height ${header.height} has no known parent`);
    const state = branches.known(block.root) ?? (await extend(block, before, held));
    branches.finalize(block);
    for (const batch of held) pool.ordered(batch);
    const taken = new Set(held.map(({ key }) => key));
    const { writes, passedOver } = batches.settle(state, header.height, taken);
    const controlled = await options.controlled(block, state, held);
    exchange.settled(held, passedOver);
    for (const batch of passedOver) pool.passedOver(batch);
    options.onSettled([...taken, ...passedOver.map(({ key }) => key)]);
    options.onOrdered({ ...controlled, block, state, writes: [...writes, ...controlled.writes] });
  };

  return {
    push: (block) => {
      tail = tail
        .then(() => settle(block))
        .catch((error) => {
          if (!stopping.signal.aborted) options.fatal(error);
        });
    },
    stop: () => stopping.abort(),
  };
};
