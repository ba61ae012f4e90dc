/** The engine's word on transactions, in the words that all adapters share. */
import { type Hex, utf8 } from "../../protocol/bytes.ts";
import { failure, LockstepError, success } from "../../protocol/errors.ts";
import { type Execution, type Inspection, type RefusalCode, refusalCodes } from "../adapter.ts";
import { leftOut } from "../order.ts";
import type { EngineExecuted, EngineInspected, EngineRefusal } from "./engine.ts";
import { gasPrice } from "./fees.ts";

/** A native id has 32 bytes. */
export const nativeIdOf = (hash: Hex): Hex => `0x${hash.slice(2).padStart(64, "0")}`;

const refusalOf = ({ code }: EngineRefusal): RefusalCode => {
  const known = refusalCodes.find((candidate) => candidate === code);
  if (known === undefined) {
    throw new LockstepError("executor_failed", `the Cairo engine refused a transaction with an unknown code, ${code}`);
  }
  return known;
};

/** `detail` of a failure says what Starknet's RPC has an error of its own for. */
export const inspectionOf = (inspected: EngineInspected): Inspection => {
  if ("Err" in inspected) {
    const { detail, message } = inspected.Err;
    return failure(refusalOf(inspected.Err), message, detail === undefined ? {} : { detail });
  }
  const { hash, sender, nonce, gas, maxFee, maxPrice, tip, accountNonce, balance } = inspected.Ok;
  return success({
    nativeId: nativeIdOf(hash),
    sender,
    nonce,
    gas,
    cost: BigInt(maxFee),
    price: { max: BigInt(maxPrice), tip: BigInt(tip) },
    floor: gasPrice,
    account: { nonce: accountNonce, balance: BigInt(balance) },
  });
};

/** Goes back to the mempool: nothing is wrong with these, another block can take them. */
const waits = new Set<RefusalCode>(["nonce_too_high", "block_full"]);

/**
 * What waits for an earlier nonce or for room goes back to the mempool; whatever else is invalid is left out.
 * `wasRefused` says whether the state that the block's header certifies refused it for the same reason: an account's
 * code decides what it takes, so a bad signature is not one forever.
 */
export const executionOf = (
  index: number,
  gas: number,
  executed: EngineExecuted,
  wasRefused: (code: RefusalCode) => boolean,
): Execution => {
  if ("applied" in executed) {
    const { hash, receipt, gasUsed, succeeded } = executed.applied;
    return { kind: "applied", index, nativeId: nativeIdOf(hash), receipt: utf8(receipt), gas, gasUsed, succeeded };
  }
  const reason = refusalOf(executed.refused);
  if (waits.has(reason)) return { kind: "returned", index, reason };
  return reason === "nonce_too_low" || reason === "bad_signature"
    ? { kind: "omitted", index, reason, hopeless: wasRefused(reason) }
    : leftOut(index, reason);
};
