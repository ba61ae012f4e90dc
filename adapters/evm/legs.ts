/** Legs of bundles at the executor: what the gateway said in one, and what people want to see of it. */
import { fromHex } from "../../protocol/bytes.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { BundleSupport, Execution, Inspection, LegExecution, SimulatedLeg } from "../adapter.ts";
import { bundleOnly, markedWith, mostReason, withDeposits } from "../legs.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import {
  deliverCall,
  describeRevert,
  gatewayAddress,
  gatewayEvents,
  releaseCall,
  setBundleCall,
} from "./contracts/gateway.ts";
import { encodeWrite } from "./protocolWrites.ts";
import { decodeReceipt } from "./receipt.ts";

const gatewayBytes = fromHex(gatewayAddress) ?? new Uint8Array();

export const evmBundles: BundleSupport = {
  readLeg,
  setBundle: (id) => encodeWrite(gatewayAddress, setBundleCall(id)),
  deliver: (message) => [encodeWrite(gatewayAddress, deliverCall(message))],
  canRelease: ({ recipient }) => recipient.subarray(0, 12).every((byte) => byte === 0),
  release: ({ recipient, amount }) => [encodeWrite(gatewayAddress, releaseCall(recipient.subarray(12), amount))],
};

/** A transaction that is ordered by itself must be no leg. */
export const refuseMarked = (inspection: Inspection, bytes: Uint8Array): Inspection =>
  inspection.ok && isMarked(bytes) ? bundleOnly : inspection;

export const legOf = markedWith(readLeg);

/** What a transaction of the lane deposited. */
export const withEvmDeposits = (domain: Domain, execution: Execution): Execution =>
  withDeposits(execution, gatewayBytes, [], (receipt) => gatewayEvents(domain, decodeReceipt(receipt).logs).deposits);

export const legExecution = (domain: Domain, execution: Execution): LegExecution => {
  if (execution.kind !== "applied") return { execution, sent: [], consumed: [] };
  const { logs, output, reason } = decodeReceipt(execution.receipt);
  const { sent, consumed, deposits } = gatewayEvents(domain, logs);
  if (execution.succeeded) {
    return { execution: deposits.length === 0 ? execution : { ...execution, deposits }, sent, consumed };
  }
  const words = reason === "revert" ? describeRevert(output) : (reason ?? "failed");
  return { execution, sent: [], consumed: [], reason: words.slice(0, mostReason) };
};

export const explainLeg = ({ execution }: LegExecution): Pick<SimulatedLeg, "fee" | "logs"> => {
  if (execution.kind !== "applied") return { fee: 0n, logs: [] };
  const { logs, gasUsed, effectiveGasPrice } = decodeReceipt(execution.receipt);
  return { fee: BigInt(gasUsed) * effectiveGasPrice, logs };
};
