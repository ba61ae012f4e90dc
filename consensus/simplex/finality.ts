/** From a finalization to finalized blocks, and from one epoch to the next. */
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { asEpoch, asView } from "../../protocol/ids.ts";
import { totalWeight, type ValidatorSet } from "../../protocol/validators.ts";
import type { FinalizedBlock } from "../application.ts";
import { chainTo, type Link } from "./ancestry.ts";
import type { Event } from "./event.ts";
import { ask } from "./gossip.ts";
import { blockOf, endsEpoch, floorFrom, leaderAt, newPeers, notarizedAt } from "./state.ts";
import { report, say, type Turn } from "./turn.ts";
import { enterView } from "./views.ts";

/** R15: a finalization finalizes its block and all ancestors, once their headers are here. */
export const tryFinalize = (turn: Turn): void => {
  const { state } = turn;
  if (state.finalization === undefined) return;
  const { view } = state.finalization.proposal;
  const chain = chainTo(state, view);
  if (chain === undefined) state.finalization = undefined;
  else if (chain.ok) commit(turn, withoutRepeats(chain.links));
  else ask(turn, chain, leaderAt(state, view));
};

/** R10: a header proposed again counts once, under a finalization if there is one. */
const withoutRepeats = (links: readonly Link[]): FinalizedBlock[] => {
  const blocks: FinalizedBlock[] = [];
  for (const { candidate, certificate } of links) {
    const { kind, proposal } = certificate;
    const block = {
      ...candidate.block,
      kind: kind as FinalizedBlock["kind"],
      proposal,
      certificate: certificate.certificate,
    };
    const last = blocks.at(-1);
    if (last === undefined || !equalBytes(last.root, block.root)) blocks.push(block);
    else if (last.kind === "notarize" || block.kind === "finalize") blocks[blocks.length - 1] = block;
  }
  return blocks;
};

/** R17: what a peer's finalized blocks say replaces what the protocol has not yet decided here. */
export const onSynced = (turn: Turn, blocks: readonly FinalizedBlock[]): void => {
  const { state } = turn;
  const { header, root } = state.floor.block;
  const fresh = blocks.filter((block) => block.header.height > header.height);
  const [first] = fresh;
  if (state.closed || first === undefined || !equalBytes(first.header.parent, root)) return;
  commit(turn, fresh);
};

/** Moves the floor up to the last of these blocks. */
const commit = (turn: Turn, blocks: readonly FinalizedBlock[]): void => {
  const { state, actions } = turn;
  const tip = blocks.at(-1);
  if (tip === undefined) {
    state.finalization = undefined;
    return;
  }
  const familiar = blocks.every(({ root }) => state.headers.get(toHex(root))?.validity === "valid");
  state.floor = floorFrom(tip, state.epoch);
  state.closed = endsEpoch(state, tip);
  prune(turn);
  actions.push({ type: "finalize", blocks, closes: state.closed, familiar });
  const { height } = tip.header;
  report(turn, { event: "finalized", view: state.floor.view, height, blocks: blocks.length });
  if (state.closed) {
    for (const timer of ["heartbeat", "leader", "advance"] as const) actions.push({ type: "clearTimer", timer });
    if (state.floor.certificate !== undefined) say(turn, { type: "certificate", certificate: state.floor.certificate });
  } else if (state.floor.view >= state.view) enterView(turn, asView(state.floor.view + 1));
};

/** Forgets views up to the floor, and headers that no view above names. */
const prune = ({ state, actions }: Turn): void => {
  for (const view of state.rounds.keys()) if (view <= state.floor.view) state.rounds.delete(view);
  if ((state.finalization?.proposal.view ?? 0) <= state.floor.view) state.finalization = undefined;
  const named = new Set<string>();
  for (const { view, proposal, cast } of state.rounds.values()) {
    for (const statement of [proposal, cast.notarize, notarizedAt(state, view)]) {
      if (statement !== undefined) named.add(toHex(statement.proposal.headerRoot));
    }
  }
  for (const [key, { block, validity }] of state.headers) {
    if (named.has(key)) continue;
    state.headers.delete(key);
    if (validity === "asked") actions.push({ type: "abandon", block });
  }
  for (const key of state.wanted) if (!named.has(key)) state.wanted.delete(key);
};

/** R16: the next epoch starts from the finalized last block of this one. Answers with what came too early. */
export const enterEpoch = (turn: Turn, set: ValidatorSet): Event[] => {
  const { state, actions } = turn;
  for (const { block, validity } of state.headers.values()) {
    if (validity === "asked") actions.push({ type: "abandon", block });
  }
  const early = [...state.peers.values()].flatMap((peer) => peer.early.splice(0));
  if (!sameMembers(state.set, set)) {
    state.peers.clear();
    for (const [index, peer] of newPeers(set)) state.peers.set(index, peer);
  }
  for (const peer of state.peers.values()) {
    peer.checking = 0;
    peer.hintedUntil = asView(0);
  }
  state.announcedUntil = asView(0);
  state.epoch = asEpoch(state.epoch + 1);
  state.set = set;
  state.total = totalWeight(set);
  state.floor = { block: blockOf(state.floor.block), view: asView(0), certificate: undefined };
  for (const held of [state.rounds, state.headers, state.wanted, state.asked]) held.clear();
  state.finalization = undefined;
  state.closed = false;
  state.nullifiedViews = 0;
  state.view = asView(0);
  report(turn, { event: "epoch", epoch: state.epoch });
  enterView(turn, asView(1));
  return early;
};

const sameMembers = (a: ValidatorSet, b: ValidatorSet): boolean =>
  a.members.length === b.members.length &&
  a.members.every(({ publicKey }, index) => {
    const other = b.members[index];
    return other !== undefined && equalBytes(publicKey, other.publicKey);
  });
