/** The engine's word on transactions, in the words that all adapters share. */
import { failure, LockstepError, success } from "../../protocol/errors.ts";
import type { Execution, Inspection, RefusalCode, TransactionFacts } from "../adapter.ts";
import { refusalCodes } from "../adapter.ts";
import { leftOut } from "../order.ts";
import type { EngineExecuted, EngineInspected, EngineReceipt } from "./engine.ts";
import { encodeReceipt, maxOutputBytes } from "./receipt.ts";

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

/** Facts without those of the sender's account. */
export const inspectionOf = (inspected: EngineInspected): Inspection => {
  if ("error" in inspected) return failure(refusalOf(inspected.error.code), inspected.error.message);
  const { hash, sender, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, maxCost } = inspected.ok;
  if (!Number.isSafeInteger(Number(nonce))) {
    return failure("nonce_too_high", "no account gets to a nonce above 2^53 - 1");
  }
  const facts: TransactionFacts = {
    nativeId: hash,
    sender,
    nonce: Number(nonce),
    gas: Number(gasLimit),
    cost: BigInt(maxCost),
    price: { max: BigInt(maxFeePerGas), tip: BigInt(maxPriorityFeePerGas) },
  };
  return success(facts);
};

const receiptOf = (receipt: EngineReceipt): Uint8Array => {
  const failed = receipt.status === 0;
  return encodeReceipt({
    transactionHash: receipt.hash,
    sender: receipt.sender,
    to: receipt.to,
    type: receipt.type,
    status: receipt.status,
    gasUsed: Number(receipt.gasUsed),
    cumulativeGasUsed: Number(receipt.cumulativeGasUsed),
    effectiveGasPrice: BigInt(receipt.effectiveGasPrice),
    contractAddress: receipt.contractAddress,
    logs: receipt.logs,
    logsBloom: receipt.logsBloom,
    output: failed ? (receipt.output.slice(0, 2 + 2 * maxOutputBytes) as `0x${string}`) : "0x",
    reason: failed ? (receipt.reason ?? "revert") : null,
  });
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
    const { applied } = executed;
    return {
      kind: "applied",
      index,
      nativeId: applied.hash,
      receipt: receiptOf(applied),
      gas,
      gasUsed: Number(applied.gasUsed),
      succeeded: applied.status === 1,
    };
  }
  const reason = refusalOf(executed.invalid.code);
  if (waits.has(reason)) return { kind: "returned", index, reason };
  return reason === "nonce_too_low" ? { kind: "omitted", index, reason, hopeless: isStale() } : leftOut(index, reason);
};
