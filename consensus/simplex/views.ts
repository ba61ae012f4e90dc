/** Entering a view, waking up in it, giving up on it. */
import { toHex } from "../../protocol/bytes.ts";
import { asView, type ValidatorIndex, type View } from "../../protocol/ids.ts";
import { isQuorum } from "../../protocol/validators.ts";
import { parentFor } from "./ancestry.ts";
import type { TimeoutReason } from "./event.ts";
import { simplexLimits } from "./limits.ts";
import { advanceMs, afterTimeout, closingMs, heartbeatMs, leaderMs, silentMs } from "./pace.ts";
import { endsEpoch, leaderAt, notarizedAt, roundAt, type State, weightOf } from "./state.ts";
import { nullifyOf } from "./statement.ts";
import { cast, report, type Turn } from "./turn.ts";

/** R2: a certificate of `view - 1` is held. */
export const enterView = (turn: Turn, view: View): void => {
  const { state, actions } = turn;
  leaveViews(turn, view);
  state.view = view;
  state.awake = false;
  state.heartbeat = false;
  state.ticks = 0;
  for (const [index, peer] of state.peers) if (index !== state.self) peer.silence += 1;
  actions.push({ type: "clearTimer", timer: "leader" }, { type: "clearTimer", timer: "advance" });
  const ms = isClosing(state) ? closingMs(state.pace) : heartbeatMs;
  actions.push({ type: "setTimer", timer: "heartbeat", ms });
  report(turn, { event: "view", view, leader: leaderAt(state, view) });
  if (isSilent(turn, leaderAt(state, view))) giveUp(turn, "leader_silent");
};

const leaveViews = ({ state, actions }: Turn, next: View): void => {
  const left = state.rounds.get(state.view);
  if (left?.proposal !== undefined && notarizedAt(state, left.view) === undefined) {
    const candidate = state.headers.get(toHex(left.proposal.proposal.headerRoot));
    if (candidate?.validity === "asked") {
      candidate.validity = "unknown";
      actions.push({ type: "abandon", block: candidate.block });
    }
  }
  const old = state.rounds.get(asView(next - simplexLimits.futureViews));
  if (old !== undefined) for (const votes of Object.values(old.votes)) votes.clear();
};

/** R10: the epoch's last header is notarized and waits for its finalization. */
export const isClosing = (state: State): boolean => {
  const parent = parentFor(state, state.view);
  return parent.ok && endsEpoch(state, parent.block);
};

/** Whether a block in this view would have something to take from this validator. */
export const holdsWork = ({ state, moment }: Turn): boolean => {
  const parent = parentFor(state, state.view);
  return moment.hasWork(parent.ok ? parent.block : state.floor.block);
};

/**
 * What a validator announced binds itself too: others wait for it as the leader even if its work has
 * been taken since.
 */
const isWorkPending = (turn: Turn): boolean =>
  turn.state.view <= turn.state.announcedUntil ||
  [...turn.state.peers.values()].some(({ hintedUntil }) => turn.state.view <= hintedUntil) ||
  holdsWork(turn);

/** R11: work, a proposal or the heartbeat starts the timers. */
export const wake = (turn: Turn): void => {
  const { state, moment, actions } = turn;
  if (state.awake) return;
  const round = roundAt(state, state.view);
  if (!state.heartbeat && round.proposal === undefined && (isClosing(state) || !isWorkPending(turn))) return;
  state.awake = true;
  state.pace = { ...state.pace, awakeSince: moment.now };
  if (round.cast.nullify !== undefined) return;
  if (round.proposal === undefined) actions.push({ type: "setTimer", timer: "leader", ms: leaderMs(state.pace) });
  actions.push({ type: "setTimer", timer: "advance", ms: advanceMs(state.pace) });
};

/** R7: says nullify in the current view, once. */
export const giveUp = (turn: Turn, reason: TimeoutReason): void => {
  const { state, actions } = turn;
  if (state.closed || !cast(turn, nullifyOf(state.epoch, state.view))) return;
  actions.push({ type: "clearTimer", timer: "leader" }, { type: "clearTimer", timer: "advance" });
  if (reason === "no_proposal" || reason === "no_notarization") state.pace = afterTimeout(state.pace);
  report(turn, { event: "timeout", view: state.view, leader: leaderAt(state, state.view), reason });
};

/** Views without a word after which a validator counts as silent: its own turn comes later than that. */
const silentViews = (members: number): number => Math.min(10, Math.max(3, members - 1));

/** R13: not heard in the last views nor for a while, though a quorum was. Views can be quicker than a short pause. */
const isSilent = ({ state, moment }: Turn, leader: ValidatorIndex): boolean => {
  if (leader === state.self) return false;
  const limit = silentViews(state.set.members.length);
  const heard = [...state.peers]
    .filter(([, { silence, heardAt }]) => silence <= limit || moment.now - heardAt < silentMs)
    .map(([index]) => index);
  if (heard.includes(leader)) return false;
  return isQuorum(
    heard.reduce((sum, index) => sum + weightOf(state, index), 0),
    state.total,
  );
};
