/** Legs of bundles at the executor: what was said to the gateway in one, and what people want to see of it. */
import { ed25519 } from "@noble/curves/ed25519.js";
import type { SyncKey, SyncMessage } from "../../protocol/bundle.ts";
import { equalBytes } from "../../protocol/bytes.ts";
import { asDomain, type Domain } from "../../protocol/ids.ts";
import type { BundleSupport, Deposit, Execution, Inspection, LegExecution, SimulatedLeg } from "../adapter.ts";
import { bundleOnly, markedWith, mostReason, withDeposits } from "../legs.ts";
import { rentExemption } from "./account.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import {
  deliverWrite,
  depositBytes,
  gatewayErrors,
  gatewayProgram,
  gatewayTags,
  isGateway,
  readDeposit,
  releaseWrite,
  setBundleWrite,
} from "./contracts/gateway.ts";
import { loaders } from "./programs.ts";
import { decodeReceipt, type Receipt } from "./receipt.ts";
import type { SvmTransaction } from "./transaction.ts";

/** What an account without data must have, which the recipient may be only after this. */
const leastRelease = BigInt(rentExemption(0));

export const svmBundles: BundleSupport = {
  readLeg,
  setBundle: setBundleWrite,
  deliver: (message) => [deliverWrite(message)],
  canRelease: ({ amount }) => amount >= leastRelease && amount < 2n ** 64n,
  release: ({ recipient, amount }) => [releaseWrite(recipient, amount)],
};

/** A transaction that is ordered by itself must be no leg. */
export const refuseMarked = (inspection: Inspection, bytes: Uint8Array): Inspection =>
  inspection.ok && isMarked(bytes) ? bundleOnly : inspection;

export const legOf = markedWith(readLeg);

type Call = { program: Uint8Array | undefined; accounts: (Uint8Array | undefined)[]; data: Uint8Array };

/** Every instruction that was executed, in the order in which they were called. */
const callsOf = ({ keys, instructions }: SvmTransaction, { loaded, inner }: Receipt): Call[] => {
  const all = [...keys, ...loaded.writable, ...loaded.readonly];
  const callOf = ({ program, accounts, data }: { program: number; accounts: Uint8Array; data: Uint8Array }): Call => ({
    program: all[program],
    accounts: [...accounts].map((index) => all[index]),
    data,
  });
  return instructions.flatMap((instruction, i) => [callOf(instruction), ...(inner[i] ?? []).map(callOf)]);
};

/** Whether somebody may have a key to it: programs sign for addresses off the curve. */
const isOnCurve = (key: Uint8Array): boolean => {
  try {
    ed25519.Point.fromBytes(key, true);
    return true;
  } catch {
    return false;
  }
};

type Said = { sent: SyncMessage[]; consumed: SyncKey[]; refusal?: string };

/** What was said to the gateway, or why the leg counts as failed although its VM took it. */
const saidIn = (domain: Domain, calls: readonly Call[]): Said => {
  const said: Said = { sent: [], consumed: [] };
  for (const { program, accounts, data } of calls) {
    if (program !== undefined && loaders.some((loader) => equalBytes(loader, program))) {
      return { ...said, refusal: "a leg can't make, change or close programs" };
    }
    if (!isGateway(program) || data[0] === gatewayTags.requireBundle || data[0] === gatewayTags.deposit) continue;
    const own = accounts[1] ?? new Uint8Array(32);
    if (isOnCurve(own)) return { ...said, refusal: "OnlyContracts: program addresses alone send and consume" };
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const [other, index] = [data.slice(5, 37), view.getUint32(37)];
    if (data[0] === gatewayTags.sendSync) {
      const destination = asDomain(view.getUint32(1));
      said.sent.push({
        origin: domain,
        sender: Uint8Array.from(own),
        destination,
        recipient: other,
        index,
        body: data.slice(41),
      });
    } else {
      const origin = asDomain(view.getUint32(1));
      said.consumed.push({ origin, sender: other, destination: domain, recipient: Uint8Array.from(own), index });
    }
  }
  return said;
};

/** What was deposited at the gateway by instructions that succeeded. */
const depositsIn = (calls: readonly Call[]): Deposit[] =>
  calls.flatMap(({ program, data }) => {
    const isDeposit = isGateway(program) && data[0] === gatewayTags.deposit && data.length === depositBytes;
    return isDeposit ? [readDeposit(data)] : [];
  });

/** What a transaction that is no leg deposited. */
export const withSvmDeposits = (execution: Execution, transaction: SvmTransaction, bytes: Uint8Array): Execution =>
  withDeposits(execution, gatewayProgram, [bytes], (receipt) =>
    depositsIn(callsOf(transaction, decodeReceipt(receipt))),
  );

/** The last things that programs logged say most. */
const reasonOf = ({ error, logs }: Receipt, calls: readonly Call[]): string => {
  const failed = error?.kind === "instruction" && error.error.kind === "custom" ? error.error.code : undefined;
  const isGateways = failed !== undefined && calls.some(({ program }) => isGateway(program));
  const named = isGateways && logs.at(-1)?.includes("failed") ? gatewayErrors[failed] : undefined;
  return [named, JSON.stringify(error), ...logs.slice(-2)]
    .filter((part) => part !== undefined)
    .join("; ")
    .slice(0, mostReason);
};

export const legExecution = (domain: Domain, execution: Execution, transaction: SvmTransaction): LegExecution => {
  if (execution.kind !== "applied") return { execution, sent: [], consumed: [] };
  const receipt = decodeReceipt(execution.receipt);
  const calls = callsOf(transaction, receipt);
  if (!execution.succeeded) return { execution, sent: [], consumed: [], reason: reasonOf(receipt, calls) };
  const { sent, consumed, refusal } = saidIn(domain, calls);
  const deposits = depositsIn(calls);
  return refusal === undefined
    ? { execution: deposits.length === 0 ? execution : { ...execution, deposits }, sent, consumed }
    : { execution: { ...execution, succeeded: false }, sent: [], consumed: [], reason: refusal };
};

export const explainLeg = ({ execution }: LegExecution): Pick<SimulatedLeg, "fee" | "logs"> => {
  if (execution.kind !== "applied") return { fee: 0n, logs: [] };
  const { fee, logs } = decodeReceipt(execution.receipt);
  return { fee, logs };
};
