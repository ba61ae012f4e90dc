/** Fetches finalized blocks from peers that have more of them: many ranges at a time, delivered in order. */

import { epochAt, lastHeightOf } from "../../protocol/genesis.ts";
import { asHeight, type Height, type ValidatorIndex } from "../../protocol/ids.ts";
import type { Network, Runtime } from "../../protocol/ports.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { FinalizedBlock, KnownHeader } from "../application.ts";
import type { BlsVerifier } from "../certificate/bls.ts";
import { decodeBlock } from "../journal/block.ts";
import { syncLimits } from "./limits.ts";
import { encodeSyncMessage, type SyncReply } from "./messages.ts";
import { type Chain, refuteBlocks } from "./verify.ts";

export type SyncOptions = {
  readonly chain: Chain;
  readonly network: Network;
  readonly runtime: Runtime;
  readonly bls: BlsVerifier;
  /** The newest finalized block, and the set of the epoch that continues after it. */
  readonly here: () => { readonly tip: KnownHeader; readonly set: ValidatorSet };
  /** Takes verified blocks; resolves when they are finalized here and their epoch, if they end it, has changed. */
  readonly deliver: (blocks: readonly FinalizedBlock[]) => Promise<void>;
};

export type SyncClient = {
  /** `peer` says that it has finalized blocks up to `height`. */
  behind(peer: ValidatorIndex, height: number): void;
  /** @throws LockstepError `undecodable` when the reply holds anything but blocks */
  receive(from: ValidatorIndex, reply: SyncReply): void;
  stop(): void;
};

type Range = {
  id: number;
  readonly from: Height;
  readonly to: Height;
  peer: ValidatorIndex | undefined;
  cancel: () => void;
  blocks: readonly FinalizedBlock[] | undefined;
  readonly failed: Set<ValidatorIndex>;
};

export const createSyncClient = ({ chain, network, runtime, bls, here, deliver }: SyncOptions): SyncClient => {
  const heights = new Map<ValidatorIndex, number>();
  /** Requests in a row that a peer left unanswered; those with fewer are asked first. */
  const misses = new Map<ValidatorIndex, number>();
  let ranges: Range[] = [];
  let nextId = 1;
  let delivering = false;
  let stopped = false;

  const rangeOf = (from: Height, to: Height): Range => ({
    id: 0,
    from,
    to,
    peer: undefined,
    cancel: () => {},
    blocks: undefined,
    failed: new Set(),
  });

  /** A range never crosses the end of an epoch: one set judges it. */
  const plan = (): void => {
    const target = Math.max(0, ...heights.values());
    const { height } = here().tip.header;
    let next = (ranges.at(-1)?.to ?? height) + 1;
    while (ranges.length < syncLimits.ranges && next <= target) {
      const end = Math.min(
        next + syncLimits.requestBlocks - 1,
        target,
        lastHeightOf(epochAt(next, chain.epochLength), chain.epochLength),
      );
      ranges.push(rangeOf(asHeight(next), asHeight(end)));
      next = end + 1;
    }
  };

  const choose = ({ from, failed }: Range): ValidatorIndex | undefined => {
    const load = (peer: ValidatorIndex) => ranges.filter((range) => range.peer === peer && !range.blocks).length;
    const missed = (peer: ValidatorIndex) => misses.get(peer) ?? 0;
    const able = network.peers().filter((peer) => (heights.get(peer) ?? 0) >= from);
    if (able.every((peer) => failed.has(peer))) failed.clear();
    return able
      .filter((peer) => !failed.has(peer) && load(peer) < syncLimits.served)
      .toSorted((a, b) => missed(a) - missed(b) || load(a) - load(b) || a - b)[0];
  };

  const request = (range: Range): void => {
    const peer = choose(range);
    if (peer === undefined) return;
    range.id = nextId++;
    range.peer = peer;
    range.cancel = runtime.after(syncLimits.replyMs, () => {
      misses.set(peer, (misses.get(peer) ?? 0) + 1);
      fail(range);
      pump();
    });
    const { id, from, to } = range;
    network.send(peer, "sync", encodeSyncMessage({ type: "request", request: { id, from, count: to - from + 1 } }));
  };

  const fail = (range: Range): void => {
    range.cancel();
    if (range.peer !== undefined) range.failed.add(range.peer);
    range.peer = undefined;
    range.blocks = undefined;
  };

  const pump = (): void => {
    if (stopped) return;
    const { height } = here().tip.header;
    while (ranges[0] !== undefined && ranges[0].to <= height) ranges.shift()?.cancel();
    plan();
    for (const range of ranges) if (range.peer === undefined) request(range);
    const [head] = ranges;
    const { epoch } = here().set;
    if (head?.blocks !== undefined && !delivering && epochAt(head.from, chain.epochLength) === epoch) {
      delivering = true;
      void take(head, head.blocks)
        .catch(() => fail(head))
        .finally(() => {
          delivering = false;
          pump();
        });
    }
  };

  const take = async (range: Range, blocks: readonly FinalizedBlock[]): Promise<void> => {
    const { tip, set } = here();
    const fresh = blocks.filter(({ header }) => header.height > tip.header.height);
    const fault = fresh.length === 0 ? "no blocks" : await refuteBlocks(bls, chain, set, tip, fresh);
    if (stopped) return;
    if (fault !== undefined && here().tip.header.height !== tip.header.height) return;
    if (fault !== undefined) {
      if (range.peer !== undefined) network.penalize(range.peer, `it sent blocks that are not finalized: ${fault}`);
      fail(range);
      return;
    }
    await deliver(fresh);
    const { height } = here().tip.header;
    if (ranges[0] !== range) return;
    ranges.shift();
    if (height < range.to) ranges.unshift(rangeOf(asHeight(height + 1), range.to));
  };

  return {
    behind: (peer, height) => {
      heights.set(peer, height);
      pump();
    },
    receive: (from, { id, blocks }) => {
      const range = ranges.find((candidate) => candidate.id === id && candidate.peer === from && !candidate.blocks);
      if (range === undefined) return;
      const decoded = blocks.map(decodeBlock);
      misses.delete(from);
      range.cancel();
      if (decoded.length > 0) range.blocks = decoded;
      else {
        heights.set(from, Math.min(heights.get(from) ?? 0, range.from - 1));
        fail(range);
      }
      pump();
    },
    stop: () => {
      stopped = true;
      for (const range of ranges) range.cancel();
      ranges = [];
    },
  };
};
