/** Messages of JSON-RPC 2.0: strict reading of requests, writing of answers. */
import { randomUUID } from "node:crypto";
import { type ErrorBody, errorCodes } from "./error.ts";

export type CallId = string | number | null;
export type Params = readonly unknown[] | Readonly<Record<string, unknown>>;

/** A request; without `id` a notification, which is never answered. */
export type Call = { readonly id?: CallId; readonly method: string; readonly params: Params };

/** What can be answered at once, because it isn't a request. */
export type Malformed = { readonly id: CallId; readonly error: ErrorBody };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is CallId =>
  typeof value === "string" || typeof value === "number" || value === null;

const malformed = (id: CallId, message: string): Malformed => ({
  id,
  error: { code: errorCodes.invalidRequest, message: `invalid request: ${message}` },
});

/** Reads one request out of parsed JSON. */
export const readCall = (value: unknown): Call | Malformed => {
  if (!isObject(value)) return malformed(null, "expected an object with jsonrpc, id, method and params");
  const id = value.id;
  if (id !== undefined && !isId(id)) return malformed(null, "id must be a string, a number or null");
  const answerTo = id ?? null;
  if (value.jsonrpc !== "2.0") return malformed(answerTo, 'jsonrpc must be "2.0"');
  const method = value.method;
  if (typeof method !== "string") return malformed(answerTo, "method must be a string");
  const params = value.params ?? [];
  if (typeof params !== "object") return malformed(answerTo, "params must be an array or an object");
  const call = { method, params: params as Params };
  return id === undefined ? call : { ...call, id };
};

/** Marks integers on their way into JSON; nobody outside can guess it. */
const integerMark = randomUUID();
const markedInteger = new RegExp(`"${integerMark}(-?[0-9]+)"`, "g");

const markIntegers = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${integerMark}${value}` : value;

/** JSON of a value; integers given as `bigint` keep all their digits. */
export const jsonText = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return (JSON.stringify(value, markIntegers) ?? "null").replaceAll(markedInteger, "$1");
  }
};

export const resultText = (id: CallId, result: unknown): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${jsonText(result)}}`;

export const errorText = (id: CallId, error: ErrorBody): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${jsonText(error)}}`;
