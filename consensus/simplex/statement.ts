/** What a validator says about a view, and what a quorum says together. */
import { toHex } from "../../protocol/bytes.ts";
import type { Certificate } from "../../protocol/certificate.ts";
import { Proposal } from "../../protocol/header.ts";
import {
  asView,
  type Epoch,
  type Root,
  type Signature,
  type ValidatorIndex,
  type View,
  zeroRoot,
} from "../../protocol/ids.ts";
import type { SigningContext } from "../../protocol/signing.ts";
import type { KnownHeader } from "../application.ts";

/** In the order of their wire numbers, 1 to 3. */
export const voteKinds = ["notarize", "nullify", "finalize"] as const;
export type VoteKind = (typeof voteKinds)[number];

/** One kind of vote for one proposal. `nullify` is for a view, not for a proposal: see `nullifyOf`. */
export type Statement = { readonly kind: VoteKind; readonly proposal: Proposal };

export type Vote = Statement & { readonly signer: ValidatorIndex; readonly signature: Signature };

/** A notarization, nullification or finalization. */
export type ViewCertificate = Statement & { readonly certificate: Certificate };

/** Nullifies a view: no parent, no header. */
export const nullifyOf = (epoch: Epoch, view: View): Statement => ({
  kind: "nullify",
  proposal: { epoch, view, parentView: asView(0), headerRoot: zeroRoot },
});

/** Tells proposals of one view apart. */
export const proposalKey = ({ parentView, headerRoot }: Proposal): string => `${parentView}/${toHex(headerRoot)}`;

/** What is signed: the proposal's root, or nothing but the view for `nullify`. */
export const contextOf = (genesis: Root, { kind, proposal }: Statement): SigningContext => ({
  genesis,
  kind,
  epoch: proposal.epoch,
  slot: proposal.view,
  revision: 0,
  root: kind === "nullify" ? zeroRoot : Proposal.root(proposal),
});

/** What validators send each other on the channel `consensus`. */
export type Message =
  /** From the leader: its header, its notarize vote, and the parent's notarization for those who lack it. */
  | {
      readonly type: "proposal";
      readonly vote: Vote;
      readonly block: KnownHeader;
      readonly parent: ViewCertificate | undefined;
    }
  | { readonly type: "vote"; readonly vote: Vote }
  | { readonly type: "certificate"; readonly certificate: ViewCertificate }
  | { readonly type: "status"; readonly status: Status }
  | { readonly type: "request"; readonly request: Request }
  | { readonly type: "header"; readonly block: KnownHeader };

/** Where a validator stands. */
export type Status = {
  readonly epoch: Epoch;
  readonly view: View;
  readonly finalizedView: View;
  readonly finalizedHeight: number;
  /** It holds work that it wants a block for. */
  readonly work: boolean;
};

/** Asks for all certificates of views, and for headers by root. */
export type Request = { readonly epoch: Epoch; readonly views: View[]; readonly headers: Root[] };
