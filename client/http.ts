/** A node's HTTP API as functions: answers are decoded strictly, and what the node refuses is a value. */
import type * as z from "zod";
import { type Hex, toHex } from "../protocol/bytes.ts";
import { type Failure, failure, type Result } from "../protocol/errors.ts";
import { decodeWire, ErrorWire } from "../protocol/wire.ts";

export type Http = {
  get<T>(path: string, wire: z.ZodType<T>): Promise<Result<T>>;
  /** Posts `{[name]: "0x..."}`. */
  post<T>(path: string, name: string, bytes: Uint8Array, wire: z.ZodType<T>): Promise<Result<T>>;
};

const refusalOf = (json: unknown, status: number): Failure => {
  const parsed = ErrorWire.safeParse((json as { error?: unknown } | null)?.error);
  return parsed.success
    ? (parsed.data as Failure)
    : { code: "malformed_answer", message: `the node answered with status ${status} and no error that can be read` };
};

/** @param url of the API, such as `http://127.0.0.1:7300` */
export const createHttp = (url: string): Http => {
  const base = url.replace(/\/+$/, "");
  const ask = async <T>(path: string, wire: z.ZodType<T>, init?: RequestInit): Promise<Result<T>> => {
    let response: Response;
    let json: unknown;
    try {
      response = await fetch(`${base}${path}`, init);
      json = await response.json();
    } catch (cause) {
      return failure("unreachable", `${base} can't be reached or gave no JSON: ${(cause as Error).message}`);
    }
    return response.ok ? decodeWire(wire, json) : { ok: false, error: refusalOf(json, response.status) };
  };
  return {
    get: (path, wire) => ask(path, wire),
    post: (path, name, bytes, wire) => {
      const body = JSON.stringify({ [name]: toHex(bytes) satisfies Hex });
      return ask(path, wire, { method: "POST", headers: { "content-type": "application/json" }, body });
    },
  };
};
