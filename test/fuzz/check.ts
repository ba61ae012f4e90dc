/** Whether what a node answers is a result or an error that says what was wrong. */
import type { Attempt } from "./attempt.ts";

export type Answer = { status: number; body: string };

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSentence = (text: unknown): boolean => typeof text === "string" && /\w+ \w+/.test(text);

/** JSON-RPC's own "internal error": something that nobody thought of. */
const internalError = -32603;

const faultOfRpcAnswer = (value: unknown): string | undefined => {
  if (!isObject(value) || value.jsonrpc !== "2.0" || !("id" in value)) return "no answer of JSON-RPC 2.0";
  if ("result" in value === "error" in value) return "neither result nor error, or both";
  if ("result" in value) return undefined;
  const { error } = value;
  if (!isObject(error) || !Number.isInteger(error.code)) return "an error without a code";
  if (error.code === internalError) return `an internal error: ${String(error.message)}`;
  return typeof error.message === "string" && error.message !== "" ? undefined : "an error without a message";
};

const faultOfRpc = ({ status, body }: Answer): string | undefined => {
  if (status === 204) return body === "" ? undefined : "a body with status 204";
  const value = parse(body);
  if (status !== 200) return status < 500 || status === 503 ? faultOfRpcAnswer(value) : `status ${status}`;
  const answers = Array.isArray(value) ? value : [value];
  return answers.map(faultOfRpcAnswer).find((fault) => fault !== undefined);
};

const faultOfApi = ({ status, body }: Answer, { method, path }: Attempt): string | undefined => {
  if (status === 204 || method === "HEAD") return undefined;
  if (path.startsWith("/metrics") && status === 200) return body.includes("lockstep_") ? undefined : "no metrics";
  const value = parse(body);
  if (status === 200) return value === undefined ? "a body that is no JSON" : undefined;
  if (path.startsWith("/healthz")) return isObject(value) ? undefined : "no health";
  if (status >= 500 && status !== 503) return `status ${status}`;
  const error = isObject(value) ? value.error : undefined;
  if (!isObject(error) || typeof error.code !== "string") return `status ${status} without an error's code`;
  return isSentence(error.message) ? undefined : "an error that says nothing";
};

const faultOfGraphqlAnswer = (value: unknown): string | undefined => {
  if (!isObject(value)) return "no answer of GraphQL";
  const { data, errors } = value;
  if (errors === undefined) return data === undefined ? "neither data nor errors" : undefined;
  if (!Array.isArray(errors) || errors.length === 0) return "errors that are no list, or none";
  for (const error of errors as unknown[]) {
    if (!isObject(error) || !isSentence(error.message)) return "an error that says nothing";
    if (isObject(error.extensions) && error.extensions.code === "internal") return "an internal error";
  }
  return undefined;
};

const faultOfGraphql = ({ status, body }: Answer, { over }: Attempt): string | undefined => {
  if (status === 204) return body === "" ? undefined : "a body with status 204";
  if (status >= 500 && status !== 503) return `status ${status}`;
  const value = parse(body);
  if (isObject(value) && value.up === true) return undefined;
  if (status !== 200 && isObject(value) && value.errors === undefined) return `status ${status} without errors`;
  const answers = over === "events" && Array.isArray(value) ? (value as unknown[]) : [value];
  return answers.map(faultOfGraphqlAnswer).find((fault) => fault !== undefined);
};

/** What is wrong with the answer; `undefined` where it is well-formed. */
export const faultOf = (attempt: Attempt, answer: Answer): string | undefined =>
  ({
    rest: () => faultOfApi(answer, attempt),
    jsonRpc: () => faultOfRpc(answer),
    graphql: () => faultOfGraphql(answer, attempt),
  })[attempt.language]();
