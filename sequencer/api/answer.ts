/** Failures as HTTP answers: `{error: {code, message, ...}}` under a status that fits the code. */
import { toHex } from "../../protocol/bytes.ts";
import { type Failure, failure } from "../../protocol/errors.ts";

const statuses: Readonly<Record<string, number>> = {
  invalid_request: 400,
  malformed_body: 400,
  upgrade_required: 426,
  unknown_route: 404,
  not_found: 404,
  not_certified_yet: 404,
  not_finalized_yet: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  unsupported_media_type: 415,
  unavailable: 503,
  busy: 503,
};

export const statusOf = (code: string, otherwise = 500): number => statuses[code] ?? otherwise;

const plain = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? toHex(value) : typeof value === "bigint" ? value.toString() : value;

/** Fields of a failure may be bytes and big integers; JSON gets hexadecimal and decimal strings. */
export const jsonText = (value: unknown): string => JSON.stringify(value, plain);

export const failureJson = (failure: Failure): string => jsonText({ error: failure });

export const busy = failure("busy", "this node is working on too many requests: try again shortly");

/** An answer that says how long it is. */
export const answer = (text: string, init: { status?: number; headers?: Readonly<Record<string, string>> } = {}) =>
  new Response(text, {
    status: init.status ?? 200,
    headers: {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(text)),
      ...init.headers,
    },
  });

/** `otherwise` is the status of a code that has none of its own. */
export const refuse = (
  refused: Failure,
  headers: Readonly<Record<string, string>> = {},
  otherwise?: number,
): Response => answer(failureJson(refused), { status: statusOf(refused.code, otherwise), headers });
