/** Execution: what validators attested that a height came to, and the roots under it. */
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { refuteCertificate } from "../../consensus/certificate/verify.ts";
import { transactionId } from "../../protocol/batch.ts";
import { equalBytes } from "../../protocol/bytes.ts";
import { epochAt } from "../../protocol/genesis.ts";
import type { Certified } from "../../protocol/header.ts";
import type { Domain, Root } from "../../protocol/ids.ts";
import { type Input, inputsRoot } from "../../protocol/inputs.ts";
import { refuteSlice, type SliceRefusal } from "../../protocol/payload.ts";
import { Summary, type TenantSummary } from "../../protocol/summary.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { BlockWire, SliceWire } from "../../protocol/wire.ts";
import { type Refusal, refusal } from "./refusal.ts";

/**
 * Why a quorum of `set` did not attest to `summary` under `certified`; `undefined` when it did. It is
 * final only where a final header carries `certified`.
 */
export const refuteExecution = async (
  verifier: BlsVerifier,
  set: ValidatorSet,
  epochLength: number,
  certified: Certified,
  summary: Summary,
): Promise<Refusal | undefined> => {
  const { height, revision, summaryRoot, certificate } = certified;
  if (!equalBytes(Summary.root(summary), summaryRoot)) {
    return refusal("wrong_summary", `the summary of height ${height} is not the certified one: its root differs`);
  }
  if (summary.height !== height || summary.revision !== revision || summary.epoch !== epochAt(height, epochLength)) {
    return refusal("wrong_summary", `the summary says height ${summary.height}, its certificate ${height}`);
  }
  if (set.epoch !== summary.epoch) {
    return refusal(
      "wrong_epoch",
      `the summary is of epoch ${summary.epoch}, checked with the set of epoch ${set.epoch}`,
    );
  }
  const context = {
    genesis: set.genesis,
    kind: "attestation",
    epoch: set.epoch,
    slot: height,
    revision,
    root: summaryRoot,
  } as const;
  const refuted = await refuteCertificate(verifier, set, context, certificate);
  return (
    refuted && refusal(refuted.code, `the execution certificate of height ${height} doesn't hold: ${refuted.message}`)
  );
};

const sliceReasons: Readonly<Record<SliceRefusal, string>> = {
  branch: "the Merkle branch doesn't lead to the header's payload root",
  domain: "the proof is of another tenant",
  entries: "the entries are not all and only those that were ordered",
  not_neighbours: "the proof of absence leaves room for the tenant",
};

/** Why `slice` is not exactly what `block` ordered for `domain`; `undefined` when it is. `block` must be final. */
export const refuteEntries = (block: BlockWire, domain: Domain, slice: SliceWire): Refusal | undefined => {
  const { height, payloadRoot } = block.header;
  const at = `the slice of domain ${domain} at height ${height}`;
  if (slice.domain !== domain) return refusal("domain", `${at} is answered with that of domain ${slice.domain}`);
  const reason = refuteSlice(payloadRoot, domain, slice.entries.map(transactionId), slice.proof);
  return reason && refusal(reason, `${at} doesn't hold: ${sliceReasons[reason]}`);
};

/** The tenant's line in a summary. */
export const tenantOf = (summary: Summary, domain: Domain): TenantSummary | undefined =>
  summary.tenants.find((tenant) => tenant.domain === domain);

/** Why `inputs` are not all that was applied to a tenant; `undefined` when they are. `summary` must be certified. */
export const refuteInputs = (
  summary: Summary,
  headerRoot: Root,
  domain: Domain,
  inputs: readonly Input[],
): Refusal | undefined => {
  const at = `the inputs of domain ${domain} at height ${summary.height}`;
  if (!equalBytes(summary.header, headerRoot)) {
    return refusal("wrong_summary", `the summary of height ${summary.height} is that of another header`);
  }
  const tenant = tenantOf(summary, domain);
  if (tenant === undefined) return refusal("unknown_tenant", `${at}: the certified summary has no such tenant`);
  if (!equalBytes(inputsRoot(inputs), tenant.inputsRoot)) {
    return refusal("wrong_inputs", `${at} are not the certified ones: their root differs`);
  }
  return undefined;
};
