/** Errors of JSON-RPC 2.0 (https://www.jsonrpc.org/specification#error_object). */
import { LockstepError } from "../../protocol/errors.ts";

export const errorCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** EIP-1474: "request exceeds defined limit". */
  limitExceeded: -32005,
} as const;

export type ErrorBody = { readonly code: number; readonly message: string; readonly data?: unknown };

/** What a method throws to answer with an error of its choice. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly body: ErrorBody;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.body = data === undefined ? { code, message } : { code, message, data };
  }
}

export const invalidParams = (message: string): RpcError => new RpcError(errorCodes.invalidParams, message);

/** More calls than may wait for their turn. */
export const tooManyWait = (): RpcError =>
  new RpcError(errorCodes.limitExceeded, "too many requests are waiting: try again later");

/** The answer to a call whose method threw. */
export const errorBody = (thrown: unknown): ErrorBody => {
  if (thrown instanceof RpcError) return thrown.body;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const body = { code: errorCodes.internal, message: `internal error: ${message}` };
  return thrown instanceof LockstepError ? { ...body, data: { code: thrown.code } } : body;
};
