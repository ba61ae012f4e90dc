/** Blocks: what a validator set signed, and which of them are final. */
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { refuteCertificate } from "../../consensus/certificate/verify.ts";
import { equalBytes } from "../../protocol/bytes.ts";
import { epochAt, lastHeightOf } from "../../protocol/genesis.ts";
import { Header, Proposal } from "../../protocol/header.ts";
import { ValidatorSet } from "../../protocol/validators.ts";
import type { BlockWire } from "../../protocol/wire.ts";
import { type Refusal, refusal } from "./refusal.ts";

/**
 * Why `set` did not notarize or finalize (as the block says) this header; `undefined` when it did.
 * `set` and `epochLength` must be trusted already.
 */
export const refuteBlock = async (
  verifier: BlsVerifier,
  set: ValidatorSet,
  epochLength: number,
  block: BlockWire,
): Promise<Refusal | undefined> => {
  const { header, proposal, kind, certificate } = block;
  const { height } = header;
  const at = `the block at height ${height}`;
  if (height < 1 || header.epoch !== epochAt(height, epochLength) || header.epoch !== set.epoch) {
    return refusal("wrong_epoch", `${at} is of epoch ${header.epoch}, checked with the set of epoch ${set.epoch}`);
  }
  if (!equalBytes(header.validatorsRoot, ValidatorSet.root(set))) {
    return refusal("wrong_set", `${at} names another validator set than that of epoch ${set.epoch}`);
  }
  if (proposal.epoch !== header.epoch || !equalBytes(proposal.headerRoot, Header.root(header))) {
    return refusal("wrong_proposal", `${at} is not what its validators voted for: the proposal names another header`);
  }
  const context = {
    genesis: set.genesis,
    kind,
    epoch: set.epoch,
    slot: proposal.view,
    revision: 0,
    root: Proposal.root(proposal),
  };
  const refuted = await refuteCertificate(verifier, set, context, certificate);
  return refuted && refusal(refuted.code, `the certificate under ${at} doesn't hold: ${refuted.message}`);
};

/** Why `child` doesn't follow `parent`; `undefined` when it does. */
export const refuteChild = (parent: BlockWire, child: BlockWire): Refusal | undefined => {
  const { height } = child.header;
  if (height !== parent.header.height + 1) {
    return refusal("wrong_height", `height ${height} doesn't follow height ${parent.header.height}`);
  }
  if (!equalBytes(child.header.parent, Header.root(parent.header))) {
    return refusal("wrong_parent", `the block at height ${height} has another parent than the block before it`);
  }
  return undefined;
};

/**
 * Why `transition` doesn't show that `next` is the set of the epoch after that of `set`; `undefined`
 * when it does. Only a finalized last block of an epoch names the next set for good.
 */
export const refuteTransition = async (
  verifier: BlsVerifier,
  set: ValidatorSet,
  epochLength: number,
  transition: BlockWire,
  next: ValidatorSet,
): Promise<Refusal | undefined> => {
  const { header, kind } = transition;
  const into = `the step into epoch ${set.epoch + 1}`;
  if (next.epoch !== set.epoch + 1) {
    return refusal("wrong_epoch", `${into} leads to a set of epoch ${next.epoch}`);
  }
  if (!equalBytes(next.genesis, set.genesis)) {
    return refusal("wrong_genesis", `${into} leads to a set of another network`);
  }
  const last = lastHeightOf(set.epoch, epochLength);
  if (header.height !== last) {
    return refusal("wrong_height", `${into} is shown by height ${header.height}, not by its epoch's last, ${last}`);
  }
  if (kind !== "finalize") return refusal("not_final", `${into} is shown by a block that is notarized, not finalized`);
  const refuted = await refuteBlock(verifier, set, epochLength, transition);
  if (refuted) return refuted;
  if (!equalBytes(header.nextValidatorsRoot, ValidatorSet.root(next))) {
    return refusal("wrong_set", `${into}: its finalized last block names another set`);
  }
  return undefined;
};
