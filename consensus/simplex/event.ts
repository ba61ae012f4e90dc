/** What happens to a validator (events) and what it then wants done (actions). */
import type { ValidatorIndex, View } from "../../protocol/ids.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { FinalizedBlock, KnownHeader } from "../application.ts";
import type { Message, Statement, ViewCertificate, Vote } from "./statement.ts";

/** `heartbeat`, `leader` and `advance` belong to the current view; `tick` comes again and again. */
export const timers = ["heartbeat", "leader", "advance", "tick"] as const;
export type Timer = (typeof timers)[number];

/** What is sampled anew with every event. */
export type Moment = {
  /** Milliseconds of any clock; only differences count. */
  readonly now: number;
  /** Whether the application holds work that a block on top of `parent` should take. */
  readonly hasWork: (parent: KnownHeader) => boolean;
};

export type Event =
  /** The journal has been replayed into the state. */
  | { readonly type: "started" }
  /** The application has new work; the work itself is in `Moment`. */
  | { readonly type: "workArrived" }
  | { readonly type: "timer"; readonly timer: Timer }
  | { readonly type: "connected"; readonly peer: ValidatorIndex }
  | { readonly type: "received"; readonly from: ValidatorIndex; readonly message: Message }
  /** An own vote is signed and on disk. */
  | { readonly type: "cast"; readonly vote: Vote }
  | { readonly type: "proposed"; readonly view: View; readonly block: KnownHeader | undefined }
  | { readonly type: "validated"; readonly block: KnownHeader; readonly valid: boolean }
  /** Votes became a certificate, or some of them turned out forged. */
  | { readonly type: "aggregated"; readonly certificate: ViewCertificate }
  | { readonly type: "refuted"; readonly statement: Statement; readonly liars: readonly ValidatorIndex[] }
  /** A peer's certificate was checked. */
  | {
      readonly type: "verified";
      readonly from: ValidatorIndex;
      readonly certificate: ViewCertificate;
      readonly valid: boolean;
    }
  /** Finalized blocks fetched from peers, verified, consecutive; the last one's certificate is a finalization. */
  | { readonly type: "synced"; readonly blocks: readonly FinalizedBlock[] }
  /** The epoch's last block has reached the application. */
  | { readonly type: "epoch"; readonly set: ValidatorSet };

export type Action =
  | { readonly type: "setTimer"; readonly timer: Timer; readonly ms: number }
  | { readonly type: "clearTimer"; readonly timer: Timer }
  | { readonly type: "send"; readonly to: ValidatorIndex; readonly message: Message }
  | { readonly type: "broadcast"; readonly message: Message }
  | { readonly type: "penalize"; readonly peer: ValidatorIndex; readonly reason: string }
  /** Sign, write to disk with the header voted for, then answer with `cast`. */
  | { readonly type: "cast"; readonly statement: Statement; readonly block: KnownHeader | undefined }
  /** Write to disk; nobody waits for it. */
  | { readonly type: "keepCertificate"; readonly certificate: ViewCertificate }
  | { readonly type: "keepHeader"; readonly block: KnownHeader }
  /** Add up votes for one statement and verify the sum; answered by `aggregated` or `refuted`. */
  | { readonly type: "aggregate"; readonly statement: Statement; readonly votes: readonly Vote[] }
  /** Answered by `verified`. */
  | { readonly type: "verify"; readonly from: ValidatorIndex; readonly certificate: ViewCertificate }
  /** Answered by `proposed`. */
  | { readonly type: "propose"; readonly view: View; readonly parent: KnownHeader }
  /** Answered by `validated`, unless `abandon` comes first. */
  | { readonly type: "validate"; readonly block: KnownHeader; readonly parent: KnownHeader }
  | { readonly type: "abandon"; readonly block: KnownHeader }
  /**
   * Consecutive blocks. `closes`: the last one ends the epoch; answered by `epoch`. `familiar`: the application
   * found all of them valid before; else it must hear of them before it is asked about their descendants.
   */
  | {
      readonly type: "finalize";
      readonly blocks: readonly FinalizedBlock[];
      readonly closes: boolean;
      readonly familiar: boolean;
    }
  /** `peer` has finalized blocks up to `height`, which this validator can't finalize from what it holds. */
  | { readonly type: "fetch"; readonly peer: ValidatorIndex; readonly height: number }
  | { readonly type: "report"; readonly report: Report };

/** What an operator should know. */
export type Report =
  | { readonly event: "view"; readonly view: View; readonly leader: ValidatorIndex }
  | { readonly event: "nullified"; readonly view: View; readonly leader: ValidatorIndex }
  | { readonly event: "timeout"; readonly view: View; readonly leader: ValidatorIndex; readonly reason: TimeoutReason }
  | { readonly event: "finalized"; readonly view: View; readonly height: number; readonly blocks: number }
  | { readonly event: "epoch"; readonly epoch: number }
  | {
      readonly event: "equivocation";
      readonly validator: ValidatorIndex;
      readonly evidence: readonly [Vote, Vote | ViewCertificate];
    }
  | { readonly event: "forgedVotes"; readonly view: View; readonly validators: readonly ValidatorIndex[] }
  | {
      readonly event: "invalidBlock";
      readonly height: number;
      readonly proposer: ValidatorIndex;
      readonly reason: string;
    }
  /** Two certificates that can't both exist unless more than a third of the weight is faulty. */
  | { readonly event: "conflict"; readonly certificates: readonly [ViewCertificate, ViewCertificate] };

/** Why this validator gave up on a view. */
export type TimeoutReason =
  | "no_proposal"
  | "no_notarization"
  | "leader_silent"
  | "leader_gave_up"
  | "invalid_proposal"
  | "nothing_proposed";
