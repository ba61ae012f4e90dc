/** Methods that take signed transactions in. */
import type { Failure } from "../../../protocol/errors.ts";
import { transactionLimits } from "../../../protocol/limits.ts";
import { type ErrorBody, errorBody, errorCodes, RpcError } from "../../jsonRpc/error.ts";
import type { Params } from "../../jsonRpc/message.ts";
import { optional, positional, required } from "../../jsonRpc/params.ts";
import type { GroupedMethod, Method, Outcome } from "../../jsonRpc/service.ts";
import type { Chain } from "./chain.ts";
import { notYetExecuted, submissionError } from "./errors.ts";
import type { Executions } from "./executions.ts";
import { formatReceipt } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { bytesOf, data, looseInteger } from "./params.ts";

const anyData = data(Number.MAX_SAFE_INTEGER);

const refused = (failure: Failure): RpcError => {
  const { code, message, data } = submissionError(failure);
  return new RpcError(code, message, data);
};

const rawTransaction = (values: readonly unknown[]): Uint8Array => {
  const raw = required(values, 0, anyData);
  const size = (raw.length - 2) / 2;
  if (size <= transactionLimits.evm) return bytesOf(raw);
  throw refused({ code: "oversized", message: `${size} bytes, at most ${transactionLimits.evm} are taken` });
};

const toOutcome = (work: () => Uint8Array): Uint8Array | { error: ErrorBody } => {
  try {
    return work();
  } catch (thrown) {
    return { error: errorBody(thrown) };
  }
};

/** eth_sendRawTransaction: neighbours in a batch are submitted together. */
export const sendTransactions =
  (chain: Chain): GroupedMethod =>
  async (calls: readonly Params[]) => {
    const read = calls.map((params) => toOutcome(() => rawTransaction(positional(params, 1))));
    const transactions = read.filter((item) => item instanceof Uint8Array);
    const results = transactions.length === 0 ? [] : await chain.services.submit(transactions);
    let next = 0;
    return read.map((item): Outcome => {
      if (!(item instanceof Uint8Array)) return item;
      const result = results[next++];
      if (result === undefined) return { error: { code: errorCodes.internal, message: "internal error: no answer" } };
      return result.ok ? { result: result.value.nativeId } : { error: submissionError(result.error) };
    });
  };

/** https://eips.ethereum.org/EIPS/eip-7966: answers with the receipt, or error 4 with the hash after the timeout. */
export const sendTransactionSync =
  (chain: Chain, executions: Executions): Method =>
  async (params) => {
    const values = positional(params, 2);
    const raw = rawTransaction(values);
    const asked = optional(values, 1, looseInteger) ?? 0;
    const timeoutMs = Math.min(asked === 0 ? rpcLimits.syncDefaultMs : asked, rpcLimits.syncMostMs);
    executions.admit();
    const [result] = await chain.services.submit([raw]);
    if (result === undefined) throw new Error("the submission got no answer");
    if (!result.ok) throw refused(result.error);
    const { nativeId } = result.value;
    const found = await executions.of(nativeId, timeoutMs);
    if (found === undefined) throw notYetExecuted(nativeId, timeoutMs);
    return formatReceipt(found.block, found.index);
  };
