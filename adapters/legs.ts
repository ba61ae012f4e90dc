/** What every VM does with a leg before its engine sees it. */

import { bundleIdBytes, type ReadLeg } from "../protocol/bundle.ts";
import { equalBytes } from "../protocol/bytes.ts";
import { type Failure, failure } from "../protocol/errors.ts";
import type { Deposit, Execution, Inspection, LegExecution, OrderedLeg, RefusalCode } from "./adapter.ts";
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

/**
 * An applied transaction with what it deposited at the gateway. Hardly one has: what came of it is only decoded where the
 * gateway is named in it.
 *
 * @param gateway bytes by which a transaction's receipt, or the transaction, names the gateway
 */
export const withDeposits = (
  execution: Execution,
  gateway: Uint8Array,
  named: readonly Uint8Array[],
  depositsOf: (receipt: Uint8Array) => readonly Deposit[],
): Execution => {
  if (execution.kind !== "applied" || !execution.succeeded) return execution;
  const { receipt } = execution;
  const isNamed = [receipt, ...named].some((bytes) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(gateway)),
  );
  const deposits = isNamed ? depositsOf(receipt) : [];
  return deposits.length === 0 ? execution : { ...execution, deposits };
};

/** A leg that no engine is asked about. */
export const leftOutLeg = ({ index }: OrderedLeg, { code, message }: Failure<RefusalCode>): LegExecution => ({
  execution: leftOut(index, code),
  sent: [],
  consumed: [],
  reason: message.slice(0, mostReason),
});
