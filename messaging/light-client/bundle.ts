/** What became of bundles: from a proven summary, and for a tenant alone from its own proven inputs. */
import { bundleIdBytes, type ReadLeg } from "../../protocol/bundle.ts";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import { asBundleId, type BundleId, type Height } from "../../protocol/ids.ts";
import { type Input, inputKinds } from "../../protocol/inputs.ts";
import type { Summary } from "../../protocol/summary.ts";
import type { Proof } from "./refusal.ts";

/** A bundle that was executed, and whether it was kept: all its legs on all its tenants, or none of them. */
export type ProvenBundle = { id: BundleId; height: Height; committed: boolean };

/** What a proven summary says of a bundle. */
export const bundleIn = (summary: Summary, id: BundleId): Proof<ProvenBundle> => {
  const outcome = summary.bundles.find((bundle) => equalBytes(bundle.id, id));
  return outcome === undefined
    ? failure("bundle_absent", `no bundle ${toHex(id)} was executed at height ${summary.height}`)
    : success({ id, height: summary.height, committed: outcome.committed });
};

/** A leg that was applied to a tenant, and the bundle that it belongs to. */
export type CommittedLeg = { transaction: Uint8Array; bundle: BundleId };

/**
 * The legs among a tenant's inputs of one height: each belongs to a bundle that was committed everywhere, as the
 * summary over these inputs says. Needs nothing of any other tenant.
 */
export const committedLegs = (inputs: readonly Input[], summary: Summary, readLeg: ReadLeg): Proof<CommittedLeg[]> => {
  const legs: CommittedLeg[] = [];
  for (const { kind, bytes } of inputs) {
    if (kind !== inputKinds.leg) continue;
    const leg = readLeg(bytes);
    if (!leg.ok) return failure("wrong_inputs", `an input that is called a leg is none: ${leg.error.message}`);
    const { unsigned, marker } = leg.value;
    const bundle = asBundleId(unsigned.slice(marker, marker + bundleIdBytes));
    const proven = bundleIn(summary, bundle);
    if (!proven.ok) return proven;
    if (!proven.value.committed) {
      return failure("wrong_inputs", `a leg of bundle ${toHex(bundle)} was applied although the bundle was undone`);
    }
    legs.push({ transaction: bytes, bundle });
  }
  return success(legs);
};
