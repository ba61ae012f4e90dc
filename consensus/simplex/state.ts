/** All that a validator knows of the epoch in progress. */
import { toHex } from "../../protocol/bytes.ts";
import { epochAt, lastHeightOf } from "../../protocol/genesis.ts";
import { asEpoch, asView, type Epoch, type Root, type ValidatorIndex, type View } from "../../protocol/ids.ts";
import { totalWeight, type ValidatorSet } from "../../protocol/validators.ts";
import type { FinalizedBlock, KnownHeader } from "../application.ts";
import type { Event } from "./event.ts";
import type { Pace } from "./pace.ts";
import { initialPace } from "./pace.ts";
import type { Statement, ViewCertificate, Vote, VoteKind } from "./statement.ts";

/** One view. */
export type Round = {
  readonly view: View;
  /** The leader's first proposal. */
  proposal: Vote | undefined;
  /** The first vote of each member, unverified. */
  readonly votes: Record<VoteKind, Map<ValidatorIndex, Vote>>;
  /** Members whose vote turned out forged, or that contradicted themselves: reported once. */
  readonly liars: Record<VoteKind, Set<ValidatorIndex>>;
  readonly certificates: { [K in VoteKind]?: ViewCertificate };
  /** What this validator decided to say; on its way to the disk. */
  readonly cast: { [K in VoteKind]?: Statement };
  /** What it said; on disk. */
  readonly own: { [K in VoteKind]?: Vote };
  /** Statements and certificates under verification. */
  readonly checking: Set<string>;
  /** The application is assembling a header. */
  proposing: boolean;
};

/** A header and whether this validator has found it valid. */
export type Candidate = { readonly block: KnownHeader; validity: "unknown" | "asked" | "valid" | "invalid" };

export type Floor = {
  /** The newest finalized block, or the one that the epoch starts from. */
  readonly block: KnownHeader;
  /** Its view in this epoch; 0 for the one that the epoch starts from. */
  readonly view: View;
  /** Absent in view 0. */
  readonly certificate: ViewCertificate | undefined;
};

export type Peer = {
  /** Views entered since it last voted or proposed. */
  silence: number;
  /** When that was. */
  heardAt: number;
  /** View up to which its announcement of work counts: that of its own turn. */
  hintedUntil: View;
  /** Finalized height in its last status. */
  height: number;
  /** Answers given since the last tick. */
  served: number;
  /** Its certificates under verification. */
  checking: number;
  early: Extract<Event, { type: "received" }>[];
};

export type State = {
  readonly self: ValidatorIndex;
  readonly epochLength: number;
  epoch: Epoch;
  set: ValidatorSet;
  total: number;
  view: View;
  floor: Floor;
  /** Above the floor. */
  readonly rounds: Map<View, Round>;
  /** Headers above the floor, by root. */
  readonly headers: Map<string, Candidate>;
  /** Roots of headers asked for. */
  readonly wanted: Set<string>;
  /** Views and roots asked for since the last tick. */
  readonly asked: Set<string>;
  /** The newest finalization whose ancestry is not complete. */
  finalization: ViewCertificate | undefined;
  readonly peers: Map<ValidatorIndex, Peer>;
  /** The current view has a reason to end: work, a proposal, or the heartbeat. */
  awake: boolean;
  heartbeat: boolean;
  /** View up to which an own announcement of work counts. */
  announcedUntil: View;
  /** The epoch's last block is finalized; waits for the next set. */
  closed: boolean;
  /** Ticks in this view. */
  ticks: number;
  pace: Pace;
  /** Views of this epoch seen nullified. */
  nullifiedViews: number;
  equivocations: number;
};

export type Options = {
  readonly self: ValidatorIndex;
  readonly epochLength: number;
  readonly set: ValidatorSet;
  /** The newest finalized block, or genesis. */
  readonly tip: KnownHeader | FinalizedBlock;
};

export const blockOf = ({ header, root }: KnownHeader): KnownHeader => ({ header, root });

/** The newest finalized block as the floor of the epoch after it. */
export const floorFrom = (tip: KnownHeader | FinalizedBlock, epoch: Epoch): Floor => {
  const block = blockOf(tip);
  if (!("proposal" in tip) || tip.header.epoch !== epoch) return { block, view: asView(0), certificate: undefined };
  const { kind, proposal, certificate } = tip;
  return { block, view: proposal.view, certificate: { kind, proposal, certificate } };
};

/** The epoch that continues after `tip`. */
export const epochAfter = (tip: KnownHeader, epochLength: number): Epoch =>
  asEpoch(epochAt(tip.header.height + 1, epochLength));

export const newPeers = (set: ValidatorSet): Map<ValidatorIndex, Peer> =>
  new Map(
    set.members.map((_, index) => [
      index as ValidatorIndex,
      {
        silence: 0,
        heardAt: Number.NEGATIVE_INFINITY,
        hintedUntil: asView(0),
        height: 0,
        served: 0,
        checking: 0,
        early: [],
      },
    ]),
  );

export const initialState = ({ self, epochLength, set, tip }: Options): State => {
  const epoch = epochAfter(tip, epochLength);
  const floor = floorFrom(tip, epoch);
  return {
    self,
    epochLength,
    epoch,
    set,
    total: totalWeight(set),
    view: asView(floor.view + 1),
    floor,
    rounds: new Map(),
    headers: new Map(),
    wanted: new Set(),
    asked: new Set(),
    finalization: undefined,
    peers: newPeers(set),
    awake: false,
    heartbeat: false,
    announcedUntil: asView(0),
    closed: false,
    ticks: 0,
    pace: initialPace,
    nullifiedViews: 0,
    equivocations: 0,
  };
};

const newRound = (view: View): Round => ({
  view,
  proposal: undefined,
  votes: { notarize: new Map(), nullify: new Map(), finalize: new Map() },
  liars: { notarize: new Set(), nullify: new Set(), finalize: new Set() },
  certificates: {},
  cast: {},
  own: {},
  checking: new Set(),
  proposing: false,
});

/** The round of a view above the floor. */
export const roundAt = (state: State, view: View): Round => {
  let round = state.rounds.get(view);
  if (round === undefined) {
    round = newRound(view);
    state.rounds.set(view, round);
  }
  return round;
};

/** R1: equal turns, whatever the weights; another validator begins each epoch. */
export const leaderOf = (epoch: Epoch, view: View, members: number): ValidatorIndex =>
  ((epoch + view) % members) as ValidatorIndex;

export const leaderAt = (state: State, view: View): ValidatorIndex =>
  leaderOf(state.epoch, view, state.set.members.length);

/** The first view from `view` on that a validator leads. */
export const nextTurnOf = ({ epoch, set: { members } }: State, index: ValidatorIndex, view: View): View =>
  asView(view + ((((index - epoch - view) % members.length) + members.length) % members.length));

export const weightOf = (state: State, index: ValidatorIndex): number => state.set.members[index]?.weight ?? 0;

/** What the quorum notarized (or finalized) in a view; the block the epoch starts from in view 0. */
export const notarizedAt = (state: State, view: View): ViewCertificate | undefined => {
  const certificates = state.rounds.get(view)?.certificates;
  return certificates?.finalize ?? certificates?.notarize;
};

/** The header notarized in a view; `undefined` when the certificate or the header is missing. */
export const blockAt = (state: State, view: View): KnownHeader | undefined => {
  if (view === state.floor.view) return state.floor.block;
  const notarized = notarizedAt(state, view);
  return notarized && blockByRoot(state, notarized.proposal.headerRoot);
};

export const blockByRoot = (state: State, root: Root): KnownHeader | undefined => {
  const key = toHex(root);
  if (key === toHex(state.floor.block.root)) return state.floor.block;
  return state.headers.get(key)?.block;
};

/** R10: nothing but the epoch's last header may follow it within the epoch. */
export const endsEpoch = (state: State, { header }: KnownHeader): boolean =>
  header.height === lastHeightOf(state.epoch, state.epochLength);

export const memberOf = (state: State, index: number): boolean => index < state.set.members.length;

export const keepHeader = (state: State, block: KnownHeader): Candidate => {
  const key = toHex(block.root);
  state.wanted.delete(key);
  let candidate = state.headers.get(key);
  if (candidate === undefined) {
    candidate = { block, validity: "unknown" };
    state.headers.set(key, candidate);
  }
  return candidate;
};
