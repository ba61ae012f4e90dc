/** Collecting votes unverified, and turning a quorum of them into a certificate. */
import { signersOf } from "../../protocol/certificate.ts";
import { asView, type ValidatorIndex, type View } from "../../protocol/ids.ts";
import { isQuorum } from "../../protocol/validators.ts";
import { simplexLimits } from "./limits.ts";
import { memberOf, type Round, roundAt, type State, weightOf } from "./state.ts";
import { proposalKey, type Statement, type ViewCertificate, type Vote, type VoteKind } from "./statement.ts";
import { penalize, report, type Turn } from "./turn.ts";

/** R8: votes are kept above the floor and not far above the current view. */
export const inWindow = (state: State, view: View): boolean =>
  view > state.floor.view && view <= state.view + simplexLimits.futureViews;

/**
 * Takes a vote that came from its signer over an authenticated connection.
 * `false`: it is not counted, as it is outside the window or contradicts an earlier one.
 */
export const addVote = (turn: Turn, vote: Vote): boolean => {
  const { state } = turn;
  const { kind, signer, proposal } = vote;
  if (!memberOf(state, signer) || !inWindow(state, proposal.view)) return false;
  const round = roundAt(state, proposal.view);
  if (round.liars[kind].has(signer)) return false;
  const known = round.votes[kind].get(signer);
  if (known !== undefined) {
    if (proposalKey(known.proposal) === proposalKey(proposal)) return true;
    reportContradiction(turn, round, known, vote);
    return false;
  }
  const opposite = kind === "nullify" ? "finalize" : kind === "finalize" ? "nullify" : undefined;
  const opposed = opposite && round.votes[opposite].get(signer);
  if (opposed !== undefined) {
    reportContradiction(turn, round, opposed, vote);
    return false;
  }
  round.votes[kind].set(signer, vote);
  tally(turn, round, vote);
  return true;
};

/** R14: the first contradiction of a validator in a view and kind is reported; its first vote stays. */
const reportContradiction = (turn: Turn, round: Round, first: Vote, second: Vote | ViewCertificate): void => {
  const { signer } = first;
  round.liars[second.kind].add(signer);
  turn.state.equivocations += 1;
  report(turn, { event: "equivocation", validator: signer, evidence: [first, second] });
  penalize(turn, signer, `it contradicted its ${first.kind} of view ${round.view}`);
};

/** R14: a certificate names signers who told this validator something else. */
export const compareVotes = (turn: Turn, round: Round, certificate: ViewCertificate): void => {
  const { kind, proposal } = certificate;
  const named = new Set(signersOf(certificate.certificate));
  for (const vote of round.votes[kind].values()) {
    const { signer } = vote;
    if (!named.has(signer) || round.liars[kind].has(signer)) continue;
    if (proposalKey(vote.proposal) !== proposalKey(proposal)) reportContradiction(turn, round, vote, certificate);
  }
};

/** R8: at a quorum of claimed weight, all votes for the same are verified at once. */
export const tally = ({ state, actions }: Turn, round: Round, { kind, proposal }: Statement): void => {
  if (round.certificates[kind] !== undefined) return;
  const key = proposalKey(proposal);
  const checking = `${kind} ${key}`;
  if (round.checking.has(checking)) return;
  const votes = [...round.votes[kind].values()].filter((vote) => proposalKey(vote.proposal) === key);
  const signed = votes.reduce((sum, { signer }) => sum + weightOf(state, signer), 0);
  if (!isQuorum(signed, state.total)) return;
  round.checking.add(checking);
  actions.push({ type: "aggregate", statement: { kind, proposal }, votes });
};

export const endChecking = (round: Round, { kind, proposal }: Statement): void => {
  round.checking.delete(`${kind} ${proposalKey(proposal)}`);
};

/** R8: forged votes are dropped, their senders penalized, and the rest may still be or become a quorum. */
export const onRefuted = (turn: Turn, statement: Statement, liars: readonly ValidatorIndex[]): void => {
  const { state } = turn;
  const { kind, proposal } = statement;
  if (proposal.epoch !== state.epoch || proposal.view <= state.floor.view || liars.length === 0) return;
  const round = roundAt(state, proposal.view);
  endChecking(round, statement);
  for (const liar of liars) {
    round.votes[kind].delete(liar);
    round.liars[kind].add(liar);
    penalize(turn, liar, `it forged a ${kind} of view ${proposal.view}`);
  }
  report(turn, { event: "forgedVotes", view: proposal.view, validators: liars });
  tally(turn, round, statement);
};

/** Whether a vote shows that its signer follows: it is for about the current view. */
export const isRecent = (state: State, view: View): boolean => view + state.set.members.length >= state.view;

export const ownVotes = (state: State, view: View): Vote[] => {
  const own = state.rounds.get(asView(view))?.own ?? {};
  return (["notarize", "nullify", "finalize"] satisfies VoteKind[]).flatMap((kind) => own[kind] ?? []);
};
