/** One call of `step`: the state, the moment, and the actions so far. */
import type { ValidatorIndex, View } from "../../protocol/ids.ts";
import type { KnownHeader } from "../application.ts";
import type { Action, Moment, Report } from "./event.ts";
import { blockByRoot, leaderAt, notarizedAt, roundAt, type State } from "./state.ts";
import type { Message, Statement, ViewCertificate, Vote } from "./statement.ts";

export type Turn = { readonly state: State; readonly moment: Moment; readonly actions: Action[] };

export const report = ({ actions }: Turn, what: Report): void => {
  actions.push({ type: "report", report: what });
};

export const penalize = ({ actions }: Turn, peer: ValidatorIndex, reason: string): void => {
  actions.push({ type: "penalize", peer, reason });
};

/** To one validator, or to all others. */
export const say = ({ state, actions }: Turn, message: Message, to?: ValidatorIndex): void => {
  if (to === undefined) actions.push({ type: "broadcast", message });
  else if (to !== state.self) actions.push({ type: "send", to, message });
};

/**
 * Decides on a vote unless an earlier one forbids it.
 * R4: one notarize a view. R6: never both nullify and finalize in a view.
 */
export const cast = (turn: Turn, statement: Statement, block?: KnownHeader): boolean => {
  const { state, actions } = turn;
  const { kind, proposal } = statement;
  if (proposal.view <= state.floor.view) return false;
  const said = roundAt(state, proposal.view).cast;
  if (said[kind] !== undefined) return false;
  if (kind === "nullify" && said.finalize !== undefined) return false;
  if (kind === "finalize" && said.nullify !== undefined) return false;
  said[kind] = statement;
  actions.push({ type: "cast", statement, block });
  return true;
};

/** The certificate that ended a view, if it is held. */
export const endOf = (state: State, view: View): ViewCertificate | undefined => {
  if (view === state.floor.view) return state.floor.certificate;
  return notarizedAt(state, view) ?? state.rounds.get(view)?.certificates.nullify;
};

/** R3: an own vote as others need it: the leader's notarize travels with the header. */
export const messageOf = (state: State, vote: Vote): Message | undefined => {
  const { kind, proposal } = vote;
  if (kind !== "notarize" || leaderAt(state, proposal.view) !== state.self) return { type: "vote", vote };
  const block = blockByRoot(state, proposal.headerRoot);
  return block && { type: "proposal", vote, block, parent: endOf(state, proposal.parentView) };
};
