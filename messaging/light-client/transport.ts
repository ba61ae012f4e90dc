/** How a light client asks: an API's routes, and a tenant's JSON-RPC or GraphQL. Nothing it brings is believed. */
import * as z from "zod";
import { failure, success } from "../../protocol/errors.ts";
import { decodeWire, ErrorWire } from "../../protocol/wire.ts";
import { lightClientLimits as limits } from "./limits.ts";
import type { Proof } from "./refusal.ts";

export type Transport = {
  /** JSON that the API answers on a path. */
  get(path: string): Promise<Proof<unknown>>;
  /** Result of a JSON-RPC method at an address. */
  call(url: string, method: string, params: readonly unknown[]): Promise<Proof<unknown>>;
  /** Data of a GraphQL query at an address. */
  query(url: string, query: string, variables: Readonly<Record<string, unknown>>): Promise<Proof<unknown>>;
};

/** What `fetch` is in browsers and Node. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

const readText = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let length = 0;
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    length += next.value.length;
    if (length > limits.answerBytes) {
      await reader?.cancel();
      throw new Error(`the answer is larger than ${limits.answerBytes} bytes`);
    }
    text += decoder.decode(next.value, { stream: true });
  }
  return text + decoder.decode();
};

/** What the API answers on a path, decoded; nothing of it is proven. */
export const ask = async <T>(api: Transport, path: string, wire: z.ZodType<T>): Promise<Proof<T>> => {
  const answer = await api.get(path);
  return answer.ok ? decodeWire(wire, answer.value) : answer;
};

const errorAnswer = z.object({ error: ErrorWire });
const rpcAnswer = z.union([
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
  z.object({ result: z.unknown() }),
]);

const graphQlAnswer = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

/** Speaks to the API at `api` (`http://host:port`) through `fetch`; deadlines are the caller's, in its `fetch`. */
export const createTransport = (api: string, fetch: Fetch): Transport => {
  const base = api.replace(/\/+$/, "");

  const request = async (url: string, init?: RequestInit): Promise<Proof<{ ok: boolean; json: unknown }>> => {
    let text: string;
    let ok: boolean;
    let status: number;
    try {
      const response = await fetch(url, init);
      ({ ok, status } = response);
      text = await readText(response);
    } catch (cause) {
      const { message, cause: inner } = cause as Error;
      const why = inner instanceof Error && inner.message !== "" ? inner.message : message;
      return failure("unreachable", `${url} doesn't answer: ${why}`, { url });
    }
    try {
      return success({ ok, json: JSON.parse(text) as unknown });
    } catch {
      // What stands before a server that is away says so in its own way.
      if (status >= 500) return failure("unreachable", `${url} answers with HTTP status ${status}`, { url });
      return failure("malformed_answer", `${url} doesn't answer with JSON: is it the API of a Lockstep node?`, { url });
    }
  };

  const post = async (url: string, body: unknown): Promise<Proof<{ ok: boolean; json: unknown }>> => {
    if (!/^https?:\/\//.test(url)) return failure("malformed_answer", `${url} is no address of an RPC`, { url });
    const headers = { "content-type": "application/json" };
    return await request(url, { method: "POST", headers, body: JSON.stringify(body) });
  };

  return {
    get: async (path) => {
      const answer = await request(`${base}${path}`);
      if (!answer.ok) return answer;
      const { ok, json } = answer.value;
      if (ok) return success(json);
      const error = errorAnswer.safeParse(json);
      const reason = error.success ? error.data.error.message : "an error without a reason";
      return failure(
        "not_available",
        `${base} says: ${reason}`,
        error.success ? { answer: error.data.error.code } : {},
      );
    },
    call: async (url, method, params) => {
      const answer = await post(url, { jsonrpc: "2.0", id: 1, method, params });
      if (!answer.ok) return answer;
      const parsed = rpcAnswer.safeParse(answer.value.json);
      if (!parsed.success) return failure("malformed_answer", `${url} doesn't answer in JSON-RPC`, { url });
      return "error" in parsed.data
        ? failure("not_available", `${url} says: ${parsed.data.error.message}`, { answer: parsed.data.error.code })
        : success(parsed.data.result);
    },
    query: async (url, query, variables) => {
      const answer = await post(url, { query, variables });
      if (!answer.ok) return answer;
      const parsed = graphQlAnswer.safeParse(answer.value.json);
      if (!parsed.success) return failure("malformed_answer", `${url} doesn't answer in GraphQL`, { url });
      const [error] = parsed.data.errors ?? [];
      return error === undefined
        ? success(parsed.data.data)
        : failure("not_available", `${url} says: ${error.message}`, { url });
    },
  };
};
