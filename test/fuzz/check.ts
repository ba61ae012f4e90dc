/** Whether what a node answers is a result or an error that says what was wrong. */
import { domain as fuelDomain } from "../../adapters/fuel/testChain.ts";
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

const faultOfGraphql = ({ status, body }: Answer): string | undefined => {
  if (status >= 500 && status !== 503) return `status ${status}`;
  const value = parse(body);
  if (!isObject(value) || !("data" in value || "errors" in value)) return "neither data nor errors";
  const { errors = [] } = value;
  if (!Array.isArray(errors)) return "errors that are no list";
  const messages = errors.map((error: unknown) => (isObject(error) ? error.message : undefined));
  if (messages.some((message) => typeof message !== "string" || message === "")) return "an error without a message";
  return messages.includes("internal error") ? "an internal error" : undefined;
};

/** What is wrong with the answer; `undefined` where it is well-formed. */
export const faultOf = (attempt: Attempt, answer: Answer): string | undefined =>
  attempt.door === "api"
    ? faultOfApi(answer, attempt)
    : attempt.door === fuelDomain
      ? faultOfGraphql(answer)
      : faultOfRpc(answer);
