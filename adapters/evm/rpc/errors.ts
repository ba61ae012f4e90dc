/** JSON-RPC errors in the words of geth, where clients depend on them, followed by ours. */
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import type { Failure } from "../../../protocol/errors.ts";
import type { RefusalCode } from "../../adapter.ts";
import { type ErrorBody, errorCodes, RpcError } from "../../jsonRpc/error.ts";
import type { EvmReadRefusal } from "../reads.ts";
import { bytesOf } from "./params.ts";

/** Server errors that geth doesn't tell apart. */
export const serverError = -32000;
/** EIP-1474: "requested resource not available". */
const unavailable = -32002;
/** A call reverted; `data` holds what it reverted with. */
const revertedError = 3;
/** EIP-7966: not executed in time; `data` holds the hash. */
const notExecutedInTime = 4;

/** Refusals of the mempool, besides those of the VM. */
type MempoolCode = "already_known" | "replacement_underpriced" | "sender_full" | "lane_full" | "unavailable";

const submissionErrors: Record<RefusalCode | MempoolCode, readonly [code: number, words: string]> = {
  undecodable: [serverError, "could not decode transaction"],
  oversized: [serverError, "oversized data"],
  unsupported: [serverError, "transaction type not supported"],
  wrong_chain: [serverError, "invalid chain id for signer"],
  bad_signature: [serverError, "invalid sender"],
  gas_limit: [serverError, "exceeds block gas limit"],
  intrinsic_gas: [serverError, "intrinsic gas too low"],
  gas_mismatch: [serverError, "declared gas is not the gas limit"],
  not_a_writer: [serverError, "sender may not write to this chain"],
  bundle_only: [serverError, "transaction is a leg of a bundle"],
  nonce_too_low: [serverError, "nonce too low"],
  nonce_too_high: [serverError, "nonce too high"],
  insufficient_funds: [serverError, "insufficient funds for gas * price + value"],
  fee_too_low: [serverError, "max fee per gas less than block base fee"],
  block_full: [serverError, "exceeds block gas limit"],
  duplicate: [serverError, "already known"],
  invalid: [serverError, "invalid transaction"],
  already_known: [serverError, "already known"],
  replacement_underpriced: [serverError, "replacement transaction underpriced"],
  sender_full: [serverError, "account limit exceeded"],
  lane_full: [serverError, "txpool is full"],
  unavailable: [unavailable, "the transaction was not acknowledged"],
};

const readErrors: Record<EvmReadRefusal, readonly [code: number, words: string]> = {
  height_unavailable: [serverError, "historical state is not available"],
  bad_input: [errorCodes.invalidParams, "invalid argument"],
  insufficient_funds: [serverError, "insufficient funds for gas * price + value"],
  fee_too_low: [serverError, "max fee per gas less than block base fee"],
  intrinsic_gas: [serverError, "intrinsic gas too low"],
  initcode: [serverError, "max initcode size exceeded"],
  invalid: [serverError, "invalid call"],
};

/** Our code stands in `data` where clients expect none. */
const worded = (entry: readonly [number, string] | undefined, failure: Failure): ErrorBody => {
  const [code, words] = entry ?? [serverError, failure.code];
  const repeated = failure.message.toLowerCase().startsWith(words.toLowerCase());
  return { code, message: repeated ? failure.message : `${words}: ${failure.message}`, data: { code: failure.code } };
};

const entryOf = <T>(table: Readonly<Record<string, T>>, code: string): T | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined;

/** The answer to a transaction that was refused. */
export const submissionError = (failure: Failure): ErrorBody =>
  worded(entryOf(submissionErrors, failure.code), failure);

/** The answer to a read that the executor can't do. */
export const readError = (failure: Failure): RpcError => {
  const { code, message, data } = worded(entryOf(readErrors, failure.code), failure);
  return new RpcError(code, message, data);
};

export const blockNotFound = (): RpcError => new RpcError(serverError, "header not found");

/** The answer to a call that failed: reverted with `output`, or halted for `reason`. */
export const callFailed = (output: Hex, reason: string): RpcError => {
  if (reason !== "revert") return new RpcError(serverError, reason.replaceAll("_", " "));
  const text = revertText(output);
  return new RpcError(revertedError, text === undefined ? "execution reverted" : `execution reverted: ${text}`, output);
};

export const notYetExecuted = (nativeId: Hex, timeoutMs: number): RpcError =>
  new RpcError(
    notExecutedInTime,
    `the transaction was accepted but not executed within ${timeoutMs} ms: ask for its receipt later`,
    nativeId,
  );

/** Selectors of `Error(string)` and `Panic(uint256)`, which Solidity reverts with. */
const errorSelector = "0x08c379a0";
const panicSelector = "0x4e487b71";

/** https://docs.soliditylang.org/en/latest/control-structures.html#panic-via-assert-and-error-via-require */
const panics: Readonly<Record<string, string>> = {
  "0x01": "assert(false)",
  "0x11": "arithmetic underflow or overflow",
  "0x12": "division or modulo by zero",
  "0x21": "enum overflow",
  "0x22": "invalid encoded storage byte array accessed",
  "0x31": "out-of-bounds array access; popping on an empty array",
  "0x32": "out-of-bounds access of an array or bytesN",
  "0x41": "out of memory",
  "0x51": "uninitialized function",
};

/** What Solidity's revert data says; `undefined` for a custom error or none. */
export const revertText = (output: Hex): string | undefined => {
  const bytes = bytesOf(output);
  const selector = output.slice(0, 10);
  if (selector === panicSelector && bytes.length === 36) {
    const code = toHex(bytes.subarray(35));
    return entryOf(panics, code) ?? `unknown panic code: ${code}`;
  }
  if (selector !== errorSelector || bytes.length < 68) return undefined;
  const length = Number(BigInt(toHex(bytes.subarray(36, 68))));
  if (length > bytes.length - 68) return undefined;
  return new TextDecoder().decode(bytes.subarray(68, 68 + length));
};
