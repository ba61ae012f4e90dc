/**
 * The protocol: (state, event, moment) → actions. `step` changes `state` and nothing else, and reads
 * nothing else: no clock, randomness, cryptography or I/O. The rules R1 to R17 stand in `../README.md`.
 */
import { asView, type ValidatorIndex } from "../../protocol/ids.ts";
import type { KnownHeader } from "../application.ts";
import { adopt, consider, finalizeNotarized, onAggregated, onVerified } from "./certificates.ts";
import type { Action, Event, Moment, Timer } from "./event.ts";
import { enterEpoch, onSynced, tryFinalize } from "./finality.ts";
import { announce, answer, help, introduce, onStatus, onTick } from "./gossip.ts";
import { simplexLimits } from "./limits.ts";
import { tickMs } from "./pace.ts";
import { onCast, onHeader, onProposal, onProposed, onValidated, tryNotarize, tryPropose } from "./proposals.ts";
import { keepHeader, leaderAt, roundAt, type State } from "./state.ts";
import type { Message, ViewCertificate, Vote } from "./statement.ts";
import { penalize, type Turn } from "./turn.ts";
import { enterView, giveUp, wake } from "./views.ts";
import { addVote, isRecent, onRefuted, ownVotes, tally } from "./votes.ts";

export const step = (state: State, event: Event, moment: Moment): Action[] => {
  const turn: Turn = { state, moment, actions: [] };
  const events = [event];
  for (let next = events.shift(); next !== undefined; next = events.shift()) {
    events.push(...on(turn, next));
    progress(turn);
  }
  return turn.actions;
};

/** What may have become possible, whatever happened. */
const progress = (turn: Turn): void => {
  tryFinalize(turn);
  if (turn.state.closed) return;
  announce(turn);
  wake(turn);
  tryPropose(turn);
  tryNotarize(turn);
};

const on = (turn: Turn, event: Event): Event[] => {
  switch (event.type) {
    case "started":
      start(turn);
      break;
    case "workArrived":
      break;
    case "timer":
      onTimer(turn, event.timer);
      break;
    case "connected":
      introduce(turn, event.peer);
      break;
    case "received":
      onReceived(turn, event);
      break;
    case "cast":
      onCast(turn, event.vote);
      break;
    case "proposed":
      onProposed(turn, event.view, event.block);
      break;
    case "validated":
      onValidated(turn, event.block, event.valid);
      break;
    case "aggregated":
      onAggregated(turn, event.certificate);
      break;
    case "refuted":
      onRefuted(turn, event.statement, event.liars);
      break;
    case "verified":
      onVerified(turn, event.from, event.certificate, event.valid);
      break;
    case "synced":
      onSynced(turn, event.blocks);
      break;
    case "epoch":
      return enterEpoch(turn, event.set);
  }
  return [];
};

/** R18: takes up what the journal holds of this epoch, before `started`. */
export const restore = (
  state: State,
  journal: {
    readonly votes: readonly Vote[];
    readonly certificates: readonly ViewCertificate[];
    readonly headers: readonly KnownHeader[];
  },
): void => {
  const isOpen = ({ proposal: { epoch, view } }: { proposal: Vote["proposal"] }): boolean =>
    epoch === state.epoch && view > state.floor.view;
  for (const block of journal.headers) keepHeader(state, block);
  for (const certificate of journal.certificates.filter(isOpen)) {
    adopt(state, certificate);
    if (certificate.kind === "nullify") state.nullifiedViews += 1;
    state.view = asView(Math.max(state.view, certificate.proposal.view + 1));
  }
  for (const vote of journal.votes.filter(isOpen)) {
    const round = roundAt(state, vote.proposal.view);
    round.cast[vote.kind] = vote;
    round.own[vote.kind] = vote;
    round.votes[vote.kind].set(state.self, vote);
    if (vote.kind === "notarize" && leaderAt(state, vote.proposal.view) === state.self) round.proposal = vote;
  }
};

const start = (turn: Turn): void => {
  const { state } = turn;
  enterView(turn, state.view);
  for (const round of [...state.rounds.values()]) {
    finalizeNotarized(turn, round);
    for (const vote of ownVotes(state, round.view)) tally(turn, round, vote);
  }
  turn.actions.push({ type: "setTimer", timer: "tick", ms: tickMs });
  introduce(turn);
};

const onTimer = (turn: Turn, timer: Timer): void => {
  const { state } = turn;
  switch (timer) {
    case "tick":
      onTick(turn);
      break;
    case "heartbeat":
      state.heartbeat = true;
      break;
    case "leader":
      if (roundAt(state, state.view).proposal === undefined) giveUp(turn, "no_proposal");
      break;
    case "advance":
      giveUp(turn, "no_notarization");
      break;
  }
};

const onReceived = (turn: Turn, event: Extract<Event, { type: "received" }>): void => {
  const { state } = turn;
  const { from, message } = event;
  const peer = state.peers.get(from);
  if (peer === undefined) return;
  const epoch = epochOf(message);
  if (epoch === state.epoch + 1 && message.type !== "status") {
    // R16
    if (peer.early.length < simplexLimits.earlyMessages) peer.early.push(event);
    return;
  }
  if (epoch !== undefined && epoch !== state.epoch && message.type !== "status") return;
  switch (message.type) {
    case "proposal":
      if (message.parent !== undefined) consider(turn, from, message.parent);
      if (heard(turn, from, message.vote)) onProposal(turn, message.vote, message.block);
      break;
    case "vote":
      if (heard(turn, from, message.vote)) onVote(turn, message.vote);
      break;
    case "certificate":
      consider(turn, from, message.certificate);
      break;
    case "status":
      onStatus(turn, from, message.status);
      break;
    case "request":
      answer(turn, from, message.request);
      break;
    case "header":
      onHeader(turn, message.block);
      break;
  }
};

const epochOf = (message: Message): number | undefined => {
  switch (message.type) {
    case "proposal":
    case "vote":
      return message.vote.proposal.epoch;
    case "certificate":
      return message.certificate.proposal.epoch;
    case "status":
      return message.status.epoch;
    case "request":
      return message.request.epoch;
    case "header":
      return undefined;
  }
};

/** R13: the connection vouches for the sender, so a vote shows life before its signature is verified. */
const heard = (turn: Turn, from: ValidatorIndex, { signer, proposal }: Vote): boolean => {
  if (signer !== from) {
    penalize(turn, from, `it sent a vote of validator ${signer}`);
    return false;
  }
  const peer = turn.state.peers.get(from);
  if (peer !== undefined && isRecent(turn.state, proposal.view)) {
    peer.silence = 0;
    peer.heardAt = turn.moment.now;
  }
  return true;
};

const onVote = (turn: Turn, vote: Vote): void => {
  const { state } = turn;
  const { kind, signer, proposal } = vote;
  if (kind === "nullify" && proposal.view < state.view) help(turn, signer);
  if (!addVote(turn, vote)) return;
  // R7: a leader that gives up on its own view has nothing to wait for.
  if (kind === "nullify" && proposal.view === state.view && signer === leaderAt(state, state.view)) {
    giveUp(turn, "leader_gave_up");
  }
};
