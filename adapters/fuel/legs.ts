/** Legs of bundles at the executor: what the gateway said in one, and what people want to see of it. */
import { fromHex } from "../../protocol/bytes.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { BundleSupport, Execution, Inspection, LegExecution, SimulatedLeg } from "../adapter.ts";
import { bundleOnly, markedWith, mostReason, withDeposits } from "../legs.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import {
  deliverWrites,
  gatewayEvents,
  gatewayId,
  gatewayRevert,
  releaseWrite,
  setBundleWrite,
} from "./contracts/gateway.ts";
import { encodeWrite } from "./protocolWrites.ts";
import { decodeReceipt, type FuelReceipt } from "./receipt.ts";
import { panicName } from "./rpc/panics.ts";

const gatewayBytes = fromHex(gatewayId) ?? new Uint8Array();

export const fuelBundles: BundleSupport = {
  readLeg,
  setBundle: (id) => {
    const { slot, value } = setBundleWrite(id);
    return encodeWrite(slot, value);
  },
  deliver: (message) => deliverWrites(message).map(({ slot, value }) => encodeWrite(slot, value)),
  canRelease: ({ amount }) => amount < 2n ** 64n,
  release: (release) => {
    const { slot, value } = releaseWrite(release);
    return [encodeWrite(slot, value)];
  },
};

/** A transaction that is ordered by itself must be no leg. */
export const refuseMarked = (inspection: Inspection, bytes: Uint8Array): Inspection =>
  inspection.ok && isMarked(bytes) ? bundleOnly : inspection;

export const legOf = markedWith(readLeg);

/** What a transaction of the lane deposited. */
export const withFuelDeposits = (domain: Domain, execution: Execution): Execution =>
  withDeposits(
    execution,
    gatewayBytes,
    [],
    (receipt) => gatewayEvents(domain, decodeReceipt(receipt).receipts).deposits,
  );

const reasonOf = ({ receipts }: FuelReceipt): string => {
  for (const receipt of receipts) {
    if (receipt.kind === "panic") return panicName(receipt.reason);
    if (receipt.kind !== "revert") continue;
    const named = receipt.id === gatewayId ? gatewayRevert(receipt.ra) : undefined;
    return named ?? `reverted with ${receipt.ra}`;
  }
  return "reverted";
};

export const legExecution = (domain: Domain, execution: Execution): LegExecution => {
  if (execution.kind !== "applied") return { execution, sent: [], consumed: [] };
  const receipt = decodeReceipt(execution.receipt);
  if (!execution.succeeded) {
    return { execution, sent: [], consumed: [], reason: reasonOf(receipt).slice(0, mostReason) };
  }
  const { sent, consumed, deposits } = gatewayEvents(domain, receipt.receipts);
  return { execution: deposits.length === 0 ? execution : { ...execution, deposits }, sent, consumed };
};

const jsonOf = (value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

export const explainLeg = ({ execution }: LegExecution): Pick<SimulatedLeg, "fee" | "logs"> => {
  if (execution.kind !== "applied") return { fee: 0n, logs: [] };
  const { receipts, totalFee } = decodeReceipt(execution.receipt);
  const logs = receipts
    .filter(({ kind }) => kind === "log" || kind === "logData")
    .map((log) => Object.fromEntries(Object.entries(log).map(([name, value]) => [name, jsonOf(value)])));
  return { fee: totalFee, logs };
};
