/** Legs of bundles at the executor: what the gateway said in one, and what people want to see of it. */
import { utf8 } from "../../protocol/bytes.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { BundleSupport, Execution, Inspection, LegExecution, SimulatedLeg } from "../adapter.ts";
import { bundleOnly, markedWith, mostReason, withDeposits } from "../legs.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import {
  deliverPayload,
  deliverSelector,
  gatewayAddress,
  gatewayEvents,
  isPayable,
  releasePayload,
  releaseSelector,
  setBundlePayload,
  setBundleSelector,
} from "./contracts/gateway.ts";
import { encodeWrite } from "./protocolWrites.ts";
import { decodeReceipt } from "./receipt.ts";

/** Receipts are JSON. */
const gatewayName = utf8(gatewayAddress);

export const cairoBundles: BundleSupport = {
  readLeg,
  setBundle: (id) => encodeWrite(gatewayAddress, setBundleSelector, setBundlePayload(id)),
  deliver: (message) => [encodeWrite(gatewayAddress, deliverSelector, deliverPayload(message))],
  canRelease: ({ recipient }) => isPayable(recipient),
  release: ({ recipient, amount }) => [encodeWrite(gatewayAddress, releaseSelector, releasePayload(recipient, amount))],
};

/** A transaction that is ordered by itself must be no leg. */
export const refuseMarked = (inspection: Inspection, bytes: Uint8Array): Inspection =>
  inspection.ok && isMarked(bytes) ? bundleOnly : inspection;

export const legOf = markedWith(readLeg);

/** What a transaction of the lane deposited. */
export const withCairoDeposits = (domain: Domain, execution: Execution): Execution =>
  withDeposits(execution, gatewayName, [], (receipt) => gatewayEvents(domain, decodeReceipt(receipt).events).deposits);

export const legExecution = (domain: Domain, execution: Execution): LegExecution => {
  if (execution.kind !== "applied") return { execution, sent: [], consumed: [] };
  const { events, revert_reason: reason } = decodeReceipt(execution.receipt);
  if (!execution.succeeded) {
    return { execution, sent: [], consumed: [], reason: (reason ?? "reverted").slice(-mostReason) };
  }
  const { sent, consumed, deposits } = gatewayEvents(domain, events);
  return { execution: deposits.length === 0 ? execution : { ...execution, deposits }, sent, consumed };
};

export const explainLeg = ({ execution }: LegExecution): Pick<SimulatedLeg, "fee" | "logs"> => {
  if (execution.kind !== "applied") return { fee: 0n, logs: [] };
  const { events, actual_fee: fee } = decodeReceipt(execution.receipt);
  return { fee: BigInt(fee), logs: events };
};
