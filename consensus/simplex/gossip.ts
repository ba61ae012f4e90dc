/** Helping each other: status, questions and answers, saying again what may have got lost. */
import { toHex } from "../../protocol/bytes.ts";
import { asView, type ValidatorIndex } from "../../protocol/ids.ts";
import type { Gap } from "./ancestry.ts";
import { messageLimits, simplexLimits } from "./limits.ts";
import { tickMs } from "./pace.ts";
import { blockByRoot, nextTurnOf, type State } from "./state.ts";
import type { Request, Status, ViewCertificate } from "./statement.ts";
import { endOf, messageOf, say, type Turn } from "./turn.ts";
import { holdsWork } from "./views.ts";
import { inWindow, ownVotes } from "./votes.ts";

/** Views whose finalize is said again. */
const repeatedFinalizes = 4;
/** A peer this far ahead is not just quicker. */
const clearlyAhead = 8;

const statusOf = (turn: Turn): Status => {
  const { epoch, view, floor } = turn.state;
  const { height: finalizedHeight } = floor.block.header;
  return { epoch, view, finalizedView: floor.view, finalizedHeight, work: holdsWork(turn) };
};

/** R11: pending work is made known to all, once until the own turn. */
export const announce = (turn: Turn): void => {
  const { state } = turn;
  if (state.view <= state.announcedUntil || !holdsWork(turn)) return;
  state.announcedUntil = nextTurnOf(state, state.self, state.view);
  say(turn, { type: "status", status: statusOf(turn) });
};

/** R9: asks for what is missing, first the one who should have it, with each tick the next. */
export const ask = (turn: Turn, { views, headers }: Gap, preferred: ValidatorIndex): void => {
  const { state } = turn;
  const fresh = <T>(items: readonly T[], key: (item: T) => string): T[] =>
    items.filter((item) => !state.asked.has(key(item)));
  const request: Request = {
    epoch: state.epoch,
    views: fresh(views, String).slice(0, messageLimits.requestViews),
    headers: fresh(headers, toHex).slice(0, messageLimits.requestHeaders),
  };
  if (request.views.length + request.headers.length === 0) return;
  for (const view of request.views) state.asked.add(String(view));
  for (const root of request.headers) {
    state.asked.add(toHex(root));
    state.wanted.add(toHex(root));
  }
  say(turn, { type: "request", request }, nextPeer(state, preferred));
};

const nextPeer = (state: State, preferred: ValidatorIndex): ValidatorIndex | undefined => {
  const members = state.set.members.length;
  for (let offset = 0; offset < members; offset++) {
    const peer = ((preferred + state.ticks + offset) % members) as ValidatorIndex;
    if (peer !== state.self) return peer;
  }
  return undefined;
};

const mayServe = (state: State, to: ValidatorIndex): boolean => {
  const peer = state.peers.get(to);
  if (peer === undefined || peer.served >= simplexLimits.served) return false;
  peer.served += 1;
  return true;
};

/** R9: all certificates held of the views, all headers held. */
export const answer = (turn: Turn, to: ValidatorIndex, { epoch, views, headers }: Request): void => {
  const { state } = turn;
  if (epoch !== state.epoch || !mayServe(state, to)) return;
  const certificates: ViewCertificate[] = views.flatMap((view) =>
    Object.values(state.rounds.get(view)?.certificates ?? {}),
  );
  if (state.floor.certificate !== undefined && views.some((view) => view <= state.floor.view)) {
    certificates.push(state.floor.certificate);
  }
  for (const certificate of certificates) say(turn, { type: "certificate", certificate }, to);
  for (const root of headers) {
    const block = blockByRoot(state, root);
    if (block !== undefined) say(turn, { type: "header", block }, to);
  }
};

/** R9: brings a peer into this validator's view. */
export const help = (turn: Turn, to: ValidatorIndex): void => {
  const { state } = turn;
  if (!mayServe(state, to)) return;
  const certificates = new Set([state.floor.certificate, endOf(state, asView(state.view - 1))]);
  for (const certificate of certificates) {
    if (certificate !== undefined) say(turn, { type: "certificate", certificate }, to);
  }
};

/** R9, R17: a peer behind in this epoch is helped; from one ahead finalized blocks are fetched. */
export const onStatus = (turn: Turn, from: ValidatorIndex, status: Status): void => {
  const { state, actions } = turn;
  const peer = state.peers.get(from);
  if (peer === undefined) return;
  const mine = state.floor.block.header.height;
  const before = peer.height;
  peer.height = status.finalizedHeight;
  if (status.work && status.epoch === state.epoch && inWindow(state, status.view)) {
    peer.hintedUntil = asView(Math.max(peer.hintedUntil, nextTurnOf(state, from, status.view)));
  }
  if (before > mine || status.finalizedHeight >= mine + clearlyAhead) {
    actions.push({ type: "fetch", peer: from, height: status.finalizedHeight });
  }
  const behind = status.view < state.view || status.finalizedView < state.floor.view;
  if (status.epoch === state.epoch && behind) help(turn, from);
};

/** R9: all that a peer needs to join the current view. */
export const introduce = (turn: Turn, to?: ValidatorIndex): void => {
  const { state } = turn;
  say(turn, { type: "status", status: statusOf(turn) }, to);
  const end = endOf(state, asView(state.view - 1));
  if (end !== undefined) say(turn, { type: "certificate", certificate: end }, to);
  repeatVotes(turn, to);
};

const repeatVotes = (turn: Turn, to?: ValidatorIndex): void => {
  const { state } = turn;
  for (const vote of ownVotes(state, state.view)) {
    const message = messageOf(state, vote);
    if (message !== undefined) say(turn, message, to);
  }
};

/** R9: status always; the own votes and the certificate that led here if the view has lasted a tick. */
export const onTick = (turn: Turn): void => {
  const { state, actions } = turn;
  actions.push({ type: "setTimer", timer: "tick", ms: tickMs });
  state.asked.clear();
  for (const peer of state.peers.values()) peer.served = 0;
  if (state.ticks > 0 && !state.closed) introduce(turn);
  else say(turn, { type: "status", status: statusOf(turn) });
  state.ticks += 1;
  const pending = [...state.rounds.values()].flatMap(({ own: { finalize } }) => finalize ?? []);
  for (const vote of pending.slice(-repeatedFinalizes)) say(turn, { type: "vote", vote });
};
