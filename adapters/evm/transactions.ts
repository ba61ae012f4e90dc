/** The engine's word on transactions, in the words that all adapters share. */
import { failure, LockstepError, success } from "../../protocol/errors.ts";
import type { Execution, Inspection, RefusalCode, TransactionFacts } from "../adapter.ts";
import { refusalCodes } from "../adapter.ts";
import { leftOut } from "../order.ts";
import type { EngineExecuted, EngineInspected } from "./packed.ts";

/** Codes of the engine under another name. */
const renamed: Readonly<Record<string, RefusalCode>> = {
  unsupported_type: "unsupported",
  unprotected: "unsupported",
  initcode: "invalid",
  block_gas: "block_full",
};

export const refusalOf = (engineCode: string): RefusalCode => {
  const code = renamed[engineCode] ?? refusalCodes.find((candidate) => candidate === engineCode);
  if (code === undefined) {
    throw new LockstepError(
      "executor_failed",
      `the EVM engine refused a transaction with an unknown code, ${engineCode}`,
    );
  }
  return code;
};

/** `floor` is the least fee a unit of gas that the next block could take. */
export const inspectionOf = (inspected: EngineInspected, floor: bigint): Inspection => {
  if ("error" in inspected) return failure(refusalOf(inspected.error.code), inspected.error.message);
  const { hash, sender, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, maxCost, account } = inspected.ok;
  if (!Number.isSafeInteger(nonce)) {
    return failure("nonce_too_high", "no account gets to a nonce above 2^53 - 1");
  }
  const facts: TransactionFacts = {
    nativeId: hash,
    sender,
    nonce,
    gas: gasLimit,
    cost: maxCost,
    price: { max: maxFeePerGas, tip: maxPriorityFeePerGas },
    floor,
    account,
  };
  return success(facts);
};

/** Goes back to the mempool: nothing is wrong with these, another block can take them. */
const waits = new Set<RefusalCode>(["nonce_too_high", "block_full"]);

/**
 * What waits for an earlier nonce or for room goes back to the mempool; whatever else is invalid is left out.
 * `isStale` says whether the state that the block's header certifies has used the transaction's nonce.
 */
export const executionOf = (
  index: number,
  gas: number,
  executed: EngineExecuted,
  isStale: () => boolean,
): Execution => {
  if ("applied" in executed) {
    const { hash, receipt, gasUsed, succeeded } = executed.applied;
    return { kind: "applied", index, nativeId: hash, receipt, gas, gasUsed, succeeded };
  }
  const reason = refusalOf(executed.invalid.code);
  if (waits.has(reason)) return { kind: "returned", index, reason };
  return reason === "nonce_too_low" ? { kind: "omitted", index, reason, hopeless: isStale() } : leftOut(index, reason);
};
