/** Certificates: assembled here or received, and what follows from them. */
import { asView, type ValidatorIndex } from "../../protocol/ids.ts";
import { simplexLimits } from "./limits.ts";
import { afterNotarization } from "./pace.ts";
import { leaderAt, type Round, roundAt, type State } from "./state.ts";
import { proposalKey, type ViewCertificate } from "./statement.ts";
import { cast, penalize, report, say, type Turn } from "./turn.ts";
import { enterView } from "./views.ts";
import { compareVotes, endChecking } from "./votes.ts";

/** R9: a peer's certificate is verified before use, if it says anything new. */
export const consider = (turn: Turn, from: ValidatorIndex, certificate: ViewCertificate): void => {
  const { state, actions } = turn;
  const { kind, proposal } = certificate;
  if (proposal.epoch !== state.epoch || proposal.view <= state.floor.view) return;
  const peer = state.peers.get(from);
  const round = state.rounds.get(proposal.view);
  if (peer === undefined || peer.checking >= simplexLimits.checking || round?.certificates[kind] !== undefined) return;
  if (round?.checking.has(receipt(from, certificate))) return;
  peer.checking += 1;
  // A view that exists only in an unverified certificate must not take memory that stays.
  round?.checking.add(receipt(from, certificate));
  actions.push({ type: "verify", from, certificate });
};

const receipt = (from: ValidatorIndex, { kind, proposal }: ViewCertificate): string =>
  `${from} ${kind} ${proposalKey(proposal)}`;

export const onVerified = (turn: Turn, from: ValidatorIndex, certificate: ViewCertificate, valid: boolean): void => {
  const { state } = turn;
  const peer = state.peers.get(from);
  if (peer !== undefined) peer.checking = Math.max(0, peer.checking - 1);
  if (!valid) penalize(turn, from, `it sent a forged certificate of view ${certificate.proposal.view}`);
  if (certificate.proposal.epoch !== state.epoch) return;
  state.rounds.get(certificate.proposal.view)?.checking.delete(receipt(from, certificate));
  if (valid) accept(turn, certificate);
};

/** R8: an assembled notarization goes to the next leader; the rarer kinds, which end a view or an epoch, to all. */
export const onAggregated = (turn: Turn, certificate: ViewCertificate): void => {
  const { state } = turn;
  const { epoch, view } = certificate.proposal;
  if (epoch !== state.epoch || view <= state.floor.view) return;
  const round = roundAt(state, view);
  endChecking(round, certificate);
  if (!accept(turn, certificate)) return;
  if (certificate.kind === "nullify") say(turn, { type: "certificate", certificate });
  if (certificate.kind === "notarize")
    say(turn, { type: "certificate", certificate }, leaderAt(state, asView(view + 1)));
};

/** Takes a certificate that is known to be genuine. */
const accept = (turn: Turn, certificate: ViewCertificate): boolean => {
  const { state, moment, actions } = turn;
  const { kind, proposal } = certificate;
  const { view } = proposal;
  if (view <= state.floor.view) return false;
  const round = roundAt(state, view);
  if (round.certificates[kind] !== undefined) return false;
  const conflicting = conflictOf(round, certificate);
  if (conflicting !== undefined) report(turn, { event: "conflict", certificates: [conflicting, certificate] });
  actions.push({ type: "keepCertificate", certificate });
  compareVotes(turn, round, certificate);
  adopt(state, certificate);
  if (kind === "nullify") {
    state.nullifiedViews += 1;
    report(turn, { event: "nullified", view, leader: leaderAt(state, view) });
  }
  if (view === state.view && kind !== "nullify" && state.awake) {
    state.pace = afterNotarization(state.pace, moment.now);
  }
  finalizeNotarized(turn, round);
  if (view >= state.view) enterView(turn, asView(view + 1));
  return true;
};

/** Certificates that only a coalition of more than a third can make: two proposals, or nullified and finalized. */
const conflictOf = (round: Round, { kind, proposal }: ViewCertificate): ViewCertificate | undefined => {
  const { notarize, nullify, finalize } = round.certificates;
  if (kind === "nullify") return finalize;
  if (kind === "finalize" && nullify !== undefined) return nullify;
  return [notarize, finalize].find((other) => other && proposalKey(other.proposal) !== proposalKey(proposal));
};

/** Puts a genuine certificate in its place, without consequences. */
export const adopt = (state: State, certificate: ViewCertificate): void => {
  const { kind, proposal } = certificate;
  roundAt(state, proposal.view).certificates[kind] = certificate;
  if (kind === "finalize" && proposal.view > (state.finalization?.proposal.view ?? 0)) state.finalization = certificate;
};

/** R6: what is notarized is finalized, unless this validator gave up on the view. */
export const finalizeNotarized = (turn: Turn, { certificates: { notarize } }: Round): void => {
  if (notarize !== undefined) cast(turn, { kind: "finalize", proposal: notarize.proposal });
};
