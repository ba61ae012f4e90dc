/** Answers peers that ask for finalized blocks. */
import { asHeight, type ValidatorIndex } from "../../protocol/ids.ts";
import type { Runtime } from "../../protocol/ports.ts";
import { decodeBlock } from "../journal/block.ts";
import type { Journal } from "../journal/journal.ts";
import { createThrottle, type Throttle } from "../network/rate.ts";
import { syncLimits } from "./limits.ts";
import type { SyncReply, SyncRequest } from "./messages.ts";

/**
 * Blocks from a height on as bytes, so many that a finalization certifies the last one; empty when there is no
 * such run within the limits of a reply.
 */
const finalizedRun = async (journal: Journal, { from, count }: SyncRequest): Promise<Uint8Array[]> => {
  const blocks = await journal.encodedBlocks(from, syncLimits.replyBlocks, syncLimits.replyBytes);
  const isFinalization = (index: number) => decodeBlock(blocks[index] as Uint8Array).kind === "finalize";
  let last = Math.min(count, blocks.length) - 1;
  while (last >= 0 && last < blocks.length && !isFinalization(last)) last += 1;
  if (last >= blocks.length)
    for (last = Math.min(count, blocks.length) - 1; last >= 0 && !isFinalization(last); ) last -= 1;
  return blocks.slice(0, last + 1);
};

const limits = { byteRate: syncLimits.servedRate, byteBurst: syncLimits.servedBurst };

export type SyncServer = {
  /**
   * Waits while the peer has had more than its rate. Resolves with nothing when it asks too much at a time, rejects
   * when the disk fails.
   */
  answer(from: ValidatorIndex, request: SyncRequest): Promise<SyncReply | undefined>;
};

export const createSyncServer = (journal: Journal, runtime: Runtime): SyncServer => {
  const throttles = new Map<ValidatorIndex, Throttle>();
  const throttleOf = (peer: ValidatorIndex): Throttle => {
    const throttle = throttles.get(peer) ?? createThrottle(limits, runtime);
    throttles.set(peer, throttle);
    return throttle;
  };
  const serving = new Map<ValidatorIndex, number>();
  return {
    answer: async (from, request) => {
      const busy = serving.get(from) ?? 0;
      if (busy >= syncLimits.served) return undefined;
      serving.set(from, busy + 1);
      try {
        const blocks = await finalizedRun(journal, { ...request, from: asHeight(request.from) });
        await throttleOf(from)(blocks.reduce((sum, { length }) => sum + length, 0));
        return { id: request.id, blocks };
      } finally {
        serving.set(from, (serving.get(from) ?? 1) - 1);
      }
    },
  };
};
