/** Proposing as the leader, and voting for what the leader proposed. */
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import type { Proposal } from "../../protocol/header.ts";
import type { View } from "../../protocol/ids.ts";
import type { KnownHeader } from "../application.ts";
import { chainTo, type Gap, parentFor, uncovered } from "./ancestry.ts";
import type { TimeoutReason } from "./event.ts";
import { ask } from "./gossip.ts";
import { blockByRoot, type Candidate, endsEpoch, keepHeader, leaderAt, roundAt, type State } from "./state.ts";
import type { Statement, Vote } from "./statement.ts";
import { cast, messageOf, penalize, report, say, type Turn } from "./turn.ts";
import { giveUp } from "./views.ts";
import { addVote } from "./votes.ts";

/** R3: the leader proposes once it is awake and knows a parent. */
export const tryPropose = (turn: Turn): void => {
  const { state, actions } = turn;
  const { view } = state;
  const round = roundAt(state, view);
  if (leaderAt(state, view) !== state.self || !state.awake || round.proposing) return;
  if (round.cast.notarize !== undefined || round.cast.nullify !== undefined) return;
  const parent = parentFor(state, view);
  if (!parent.ok) {
    ask(turn, parent, state.self);
  } else if (endsEpoch(state, parent.block)) {
    // R10
    cast(turn, notarizeOf(state, view, parent.view, parent.block), parent.block);
  } else {
    const ground = judgeChain(turn, parent.view);
    if (ground.verdict === "good") {
      round.proposing = true;
      actions.push({ type: "propose", view, parent: parent.block });
    } else follow(turn, ground, "nothing_proposed");
  }
};

const notarizeOf = (state: State, view: View, parentView: View, { root }: KnownHeader): Statement => ({
  kind: "notarize",
  proposal: { epoch: state.epoch, view, parentView, headerRoot: root },
});

/** The application assembled a header, or could not. */
export const onProposed = (turn: Turn, view: View, block: KnownHeader | undefined): void => {
  const { state } = turn;
  if (view !== state.view || state.closed) return;
  const round = roundAt(state, view);
  if (!round.proposing || round.cast.nullify !== undefined) return;
  const parent = parentFor(state, view);
  const fault = block && parent.ok ? faultOf(state, block, parent.block) : "no header";
  if (block !== undefined && parent.ok && fault === undefined) {
    keepHeader(state, block).validity = "valid";
    cast(turn, notarizeOf(state, view, parent.view, block), block);
    return;
  }
  const height = state.floor.block.header.height + 1;
  report(turn, { event: "invalidBlock", height, proposer: state.self, reason: fault ?? "no parent" });
  giveUp(turn, "nothing_proposed");
};

/** R4, R5: notarizes the leader's proposal once its ancestry is known and all of it is valid. */
export const tryNotarize = (turn: Turn): void => {
  const { state } = turn;
  const { proposal: vote, cast: said } = roundAt(state, state.view);
  if (vote === undefined || said.notarize !== undefined || said.nullify !== undefined) return;
  const judgement = judge(turn, vote.proposal);
  if (judgement.verdict !== "good") {
    follow(turn, judgement, "invalid_proposal");
    return;
  }
  cast(turn, { kind: "notarize", proposal: vote.proposal }, blockByRoot(state, vote.proposal.headerRoot));
};

type Judgement =
  | { readonly verdict: "good" | "pending" }
  | { readonly verdict: "unknown"; readonly gap: Gap }
  | { readonly verdict: "bad"; readonly reason: string };

const good: Judgement = { verdict: "good" };
const bad = (reason: string): Judgement => ({ verdict: "bad", reason });

/** What to do as long as a judgement is not good: ask, wait, or give up on the view. */
const follow = (turn: Turn, judgement: Judgement, reason: TimeoutReason): void => {
  const { state } = turn;
  const leader = leaderAt(state, state.view);
  if (judgement.verdict === "unknown") ask(turn, judgement.gap, leader);
  if (judgement.verdict !== "bad") return;
  const height = state.floor.block.header.height + 1;
  report(turn, { event: "invalidBlock", height, proposer: leader, reason: judgement.reason });
  if (leader !== state.self) penalize(turn, leader, judgement.reason);
  giveUp(turn, reason);
};

/** R5: the parent is notarized, all views between are nullified, and header and ancestors are valid. */
const judge = (turn: Turn, { view, parentView, headerRoot }: Proposal): Judgement => {
  const { state } = turn;
  const views = uncovered(state, parentView, view);
  if (views.length > 0) return { verdict: "unknown", gap: { ok: false, views, headers: [] } };
  const chain = chainTo(state, parentView);
  if (chain === undefined) return bad("the proposal forks off below a finalized block");
  if (!chain.ok) return { verdict: "unknown", gap: chain };
  const block = blockByRoot(state, headerRoot);
  if (block === undefined) return { verdict: "unknown", gap: { ok: false, views: [], headers: [headerRoot] } };
  if (endsEpoch(state, chain.tip)) {
    // R10
    return equalBytes(chain.tip.root, headerRoot) ? good : bad("the epoch's last header is not proposed again");
  }
  const fault = faultOf(state, block, chain.tip);
  if (fault !== undefined) return bad(fault);
  const ground = judgeChain(turn, parentView);
  return ground.verdict === "good" ? judgeBlock(turn, keepHeader(state, block), chain.tip) : ground;
};

/** Validity of the notarized blocks up to `view`: the application hears of a block after all its ancestors. */
const judgeChain = (turn: Turn, view: View): Judgement => {
  const { state } = turn;
  const chain = chainTo(state, view);
  if (chain === undefined) return bad("the parent forks off below a finalized block");
  if (!chain.ok) return { verdict: "unknown", gap: chain };
  let parent = state.floor.block;
  for (const { candidate } of chain.links) {
    const judgement = judgeBlock(turn, candidate, parent);
    if (judgement.verdict !== "good") return judgement;
    parent = candidate.block;
  }
  return good;
};

const judgeBlock = ({ actions }: Turn, candidate: Candidate, parent: KnownHeader): Judgement => {
  if (candidate.validity === "unknown") {
    candidate.validity = "asked";
    actions.push({ type: "validate", block: candidate.block, parent });
  }
  if (candidate.validity === "invalid") return bad("the application refuses the block");
  return candidate.validity === "valid" ? good : { verdict: "pending" };
};

/** What consensus itself demands of a header; the rest is the application's. */
const faultOf = (state: State, { header }: KnownHeader, parent: KnownHeader): string | undefined => {
  if (header.epoch !== state.epoch) return `the header is of epoch ${header.epoch}`;
  if (header.height !== parent.header.height + 1) return `the header has height ${header.height}`;
  if (!equalBytes(header.parent, parent.root)) return "the header has another parent";
  if (header.timestampMs <= parent.header.timestampMs) return "the header is not later than its parent";
  if (header.proposer !== leaderAt(state, state.view)) return `the header names ${header.proposer} as proposer`;
  return undefined;
};

export const onValidated = ({ state }: Turn, { root }: KnownHeader, valid: boolean): void => {
  const candidate = state.headers.get(toHex(root));
  if (candidate?.validity === "asked") candidate.validity = valid ? "valid" : "invalid";
};

/** R3: one proposal a view, from its leader. */
export const onProposal = (turn: Turn, vote: Vote, block: KnownHeader): void => {
  const { state, actions } = turn;
  const { view } = vote.proposal;
  if (vote.signer !== leaderAt(state, view)) {
    penalize(turn, vote.signer, `it proposed in view ${view}, which it doesn't lead`);
    return;
  }
  if (!addVote(turn, vote)) return;
  const round = roundAt(state, view);
  if (round.proposal !== undefined) return;
  round.proposal = vote;
  keepHeader(state, block);
  if (view === state.view) actions.push({ type: "clearTimer", timer: "leader" });
};

/** R9: a header that was asked for. */
export const onHeader = (turn: Turn, block: KnownHeader): void => {
  if (!turn.state.wanted.has(toHex(block.root))) return;
  keepHeader(turn.state, block);
  turn.actions.push({ type: "keepHeader", block });
};

/** R3: an own vote is on disk and may be known now. */
export const onCast = (turn: Turn, vote: Vote): void => {
  const { state } = turn;
  const { epoch, view } = vote.proposal;
  if (epoch !== state.epoch || view <= state.floor.view) return;
  const round = roundAt(state, view);
  round.own[vote.kind] = vote;
  if (vote.kind === "notarize" && leaderAt(state, view) === state.self) round.proposal = vote;
  addVote(turn, vote);
  const message = messageOf(state, vote);
  if (message !== undefined) say(turn, message);
};
