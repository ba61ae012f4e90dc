/** What every VM does with a leg before its engine sees it. */

import { bundleIdBytes, type ReadLeg } from "../protocol/bundle.ts";
import { equalBytes } from "../protocol/bytes.ts";
import { type Failure, failure } from "../protocol/errors.ts";
import type { Inspection, LegExecution, OrderedLeg, RefusalCode } from "./adapter.ts";
import { leftOut } from "./order.ts";

/** Characters of what a VM says about a leg that failed. */
export const mostReason = 256;

/** The inspection of a leg, or the refusal of one that does not carry the marker of its bundle. */
export const markedWith =
  (readLeg: ReadLeg) =>
  (inspection: Inspection, { bytes, bundle }: Pick<OrderedLeg, "bytes" | "bundle">): Inspection => {
    if (!inspection.ok) return inspection;
    const leg = readLeg(bytes);
    if (!leg.ok) return failure("invalid", leg.error.message);
    const { unsigned, marker } = leg.value;
    const isOfBundle = equalBytes(unsigned.subarray(marker, marker + bundleIdBytes), bundle);
    return isOfBundle ? inspection : failure("invalid", "its marker is that of another bundle");
  };

/** What is said of a transaction that is ordered by itself and is a leg. */
export const bundleOnly = failure(
  "bundle_only",
  "this transaction is a leg of a bundle and counts for nothing without it: send the bundle to /v1/bundles",
);

/** A leg that no engine is asked about. */
export const leftOutLeg = ({ index }: OrderedLeg, { code, message }: Failure<RefusalCode>): LegExecution => ({
  execution: leftOut(index, code),
  sent: [],
  consumed: [],
  reason: message.slice(0, mostReason),
});
