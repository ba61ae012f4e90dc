/**
 * Chain validity: a function of a block and its ancestors only, the same for every validator and
 * for ever. What binds a validator's own vote (its clock, whether it holds the batches) is elsewhere.
 */

import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { Certificate } from "../../protocol/certificate.ts";
import { controlDomain } from "../../protocol/control.ts";
import type { Failure } from "../../protocol/errors.ts";
import { epochAt, lastHeightOf } from "../../protocol/genesis.ts";
import type { Header } from "../../protocol/header.ts";
import { asEpoch, type Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { OrderingState } from "../../protocol/ordering.ts";
import { type Summary, tenantStatuses } from "../../protocol/summary.ts";
import { ValidatorSet } from "../../protocol/validators.ts";
import type { HeldBatch } from "../batch/held.ts";
import { addLoads, batchAllowance, type Loads, refuteLoad } from "../control/capacity.ts";
import {
  capacityOf,
  meet,
  nextValidatorSet,
  producerState,
  takesOnlyControl,
  tenantState,
  validatorSet,
} from "../control/state.ts";
import { payloadRootOf, slicesOf } from "./payload.ts";

export type HeaderToJudge = {
  header: Header;
  parent: Header;
  parentRoot: Root;
  /** Ordering state after the parent. */
  state: OrderingState;
};

export type BlockToJudge = HeaderToJudge & {
  /** The batches that the header names, in its order; each signed by its producer. */
  batches: readonly HeldBatch[];
  /** Summaries of the heights that the header newly certifies, in order: up to the one whose root it names. */
  summaries: readonly Summary[];
};

export type Invalidity = Failure<
  | "epoch"
  | "height"
  | "timestamp"
  | "parent"
  | "proposer"
  | "control_root"
  | "validators_root"
  | "batches"
  | "payload_root"
  | "certified"
  | "uncertified_heights"
  | "certificate"
>;

const invalid = (code: Invalidity["code"], message: string): Invalidity => ({ code, message });

const refuteLineage = ({ header, parent, parentRoot, state }: HeaderToJudge): Invalidity | undefined => {
  if (header.height !== parent.height + 1) return invalid("height", `height ${header.height} on ${parent.height}`);
  if (header.epoch !== epochAt(header.height, state.epochLength)) {
    return invalid("epoch", `height ${header.height} is not in epoch ${header.epoch}`);
  }
  if (!equalBytes(header.parent, parentRoot)) return invalid("parent", "the parent root is another header's");
  if (header.timestampMs <= parent.timestampMs) return invalid("timestamp", "time must move on");
  if (header.proposer >= state.validators.length) return invalid("proposer", `no validator ${header.proposer}`);
  if (!equalBytes(header.controlRoot, OrderingState.root(state))) {
    return invalid("control_root", "the control root is not that of the ordering state after the parent");
  }
  const roots = validatorRoots(header, state);
  if (
    !equalBytes(header.validatorsRoot, roots.validatorsRoot) ||
    !equalBytes(header.nextValidatorsRoot, roots.nextValidatorsRoot)
  ) {
    return invalid("validators_root", "a validators' root is not that of the ordering state");
  }
  return undefined;
};

/** Roots of the epoch's validator set and of the next one's, as a header under `state` names them. */
export const validatorRoots = (
  { epoch }: Pick<Header, "epoch">,
  state: OrderingState,
): Pick<Header, "validatorsRoot" | "nextValidatorsRoot"> => ({
  validatorsRoot: ValidatorSet.root(validatorSet(state, epoch)),
  nextValidatorsRoot: ValidatorSet.root(nextValidatorSet(state, epoch)),
});

/** Why `batch` can't stand in a block that meets `state`, given the sequences taken so far in the block. */
export const refuteBatch = (
  batch: HeldBatch,
  state: OrderingState,
  taken: ReadonlyMap<string, number>,
): string | undefined => {
  const producer = producerState(state, batch.producer);
  if (producer === undefined) return "its producer is no validator";
  const last = taken.get(toHex(batch.producer)) ?? producer.sequence;
  if (batch.sequence <= last) return `sequence ${batch.sequence} does not come after ${last}`;
  const allowed = batchAllowance(producer.penalty);
  if (batch.size > allowed) return `${batch.size} bytes, its producer's penalty leaves it ${allowed}`;
  for (const domain of batch.loads.keys()) {
    if (domain !== controlDomain && tenantState(state, domain)?.status !== tenantStatuses.active)
      return `domain ${domain} is no active tenant`;
  }
  return undefined;
};

/** Whether a batch holds nothing but control transactions. */
export const isControlOnly = ({ loads }: Pick<HeldBatch, "loads">): boolean =>
  [...loads.keys()].every((domain) => domain === controlDomain);

/** Why what a block's batches ask for, all together, can't be had in a block that meets `state`. */
export const refuteLoads = (loads: Loads, state: OrderingState): string | undefined => {
  for (const [domain, load] of loads) {
    const lane = capacityOf(state, domain);
    const refutation =
      load.transactions > limits.sliceEntries
        ? `${load.transactions} transactions, ${limits.sliceEntries} fit`
        : lane && refuteLoad(load, lane.capacity, lane.budget);
    if (refutation !== undefined) return `domain ${domain}: ${refutation}`;
  }
  return undefined;
};

/** Why the batches of a block with a valid header make it invalid, or `undefined`. */
export const refuteBatches = ({ header, state: before, batches, summaries }: BlockToJudge): Invalidity | undefined => {
  if (
    batches.length !== header.batches.length ||
    batches.some(({ digest }, i) => !equalBytes(digest, header.batches[i] as Root))
  ) {
    return invalid("batches", "the batches are not those that the header names");
  }
  if (takesOnlyControl(header.height, header.certified.height) && !batches.every(isControlOnly)) {
    return invalid(
      "uncertified_heights",
      `only control transactions while more than ${limits.uncertifiedHeights} heights are uncertified`,
    );
  }
  const state = meet(before, { timestampMs: header.timestampMs, certified: header.certified.height }, summaries);
  const taken = new Map<string, number>();
  for (const batch of batches) {
    const reason = refuteBatch(batch, state, taken);
    if (reason !== undefined) return invalid("batches", `batch ${batch.key}: ${reason}`);
    taken.set(toHex(batch.producer), batch.sequence);
  }
  const bundles = batches.reduce((sum, batch) => sum + batch.bundles.length, 0);
  if (bundles > limits.bundlesPerBlock) return invalid("batches", `${bundles} bundles, ${limits.bundlesPerBlock} fit`);
  const bytes = batches.reduce((sum, { size }) => sum + size, 0);
  if (bytes > limits.blockBytes) return invalid("batches", `${bytes} bytes of batches, ${limits.blockBytes} fit`);
  const excess = refuteLoads(addLoads(batches.map(({ loads }) => loads)), state);
  if (excess !== undefined) return invalid("batches", excess);
  return equalBytes(header.payloadRoot, payloadRootOf(slicesOf(batches)))
    ? undefined
    : invalid("payload_root", "the payload root is not that of the batches");
};

const refuteCertified = ({ header, parent, state }: HeaderToJudge): Invalidity | undefined => {
  const { certified } = header;
  if (certified.height >= header.height) return invalid("certified", "only ancestors can be certified");
  if (certified.height < parent.certified.height) return invalid("certified", "older than the parent's");
  if (
    certified.height === parent.certified.height &&
    !(
      certified.revision === parent.certified.revision &&
      equalBytes(certified.summaryRoot, parent.certified.summaryRoot) &&
      equalBytes(Certificate.encode(certified.certificate), Certificate.encode(parent.certified.certificate))
    )
  ) {
    return invalid("certified", "another certificate of the height that the parent's covers");
  }
  return certified.height > parent.certified.height && certified.revision !== state.revision
    ? invalid("certified", `revision ${certified.revision} is not in force`)
    : undefined;
};

/**
 * Why a header is invalid whatever its batches are, or `undefined`. The signature of a newly certified summary is
 * checked beside this (`certificateToCheck`), since that needs cryptography.
 */
export const refuteHeader = (block: HeaderToJudge): Invalidity | undefined =>
  refuteLineage(block) ?? refuteCertified(block);

/** The execution certificate that is new in this header, and the epoch whose set must have signed it. */
export const certificateToCheck = (header: Header, parent: Header, epochLength: number) =>
  header.certified.height === parent.certified.height
    ? undefined
    : { ...header.certified, epoch: asEpoch(epochAt(header.certified.height, epochLength)) };

/** Whether this is an epoch's last block. */
export const endsEpoch = (header: Header, epochLength: number): boolean =>
  header.height === lastHeightOf(header.epoch, epochLength);
