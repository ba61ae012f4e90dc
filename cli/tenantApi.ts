/** What `lockstep tenant` asks a node, and tells it. Its answers are taken at their word, except where a root is trusted. */
import type * as z from "zod";
import { ask, createTransport } from "../messaging/light-client/transport.ts";
import { toHex } from "../protocol/bytes.ts";
import { LockstepError, type Result } from "../protocol/errors.ts";
import type { Root } from "../protocol/ids.ts";
import {
  ControlWire,
  decodeWire,
  ErrorWire,
  GenesisWire,
  StatusWire,
  TenantsWire,
  type TransactionWire,
  wires,
} from "../protocol/wire.ts";

export type TenantApi = {
  /** Root of the network's genesis, which control transactions are signed for. */
  genesis(): Promise<Root>;
  tenants(): Promise<TenantsWire>;
  status(): Promise<StatusWire>;
  /** Hands in one control transaction; gives its id. */
  submit(transaction: Uint8Array): Promise<Root>;
  /** `undefined` while the node knows nothing of it. */
  transaction(id: Root): Promise<TransactionWire | undefined>;
};

const answerMs = 60_000;

const taken = <T>(result: Result<T>): T => {
  if (result.ok) return result.value;
  const { code, message, ...fields } = result.error;
  throw new LockstepError(code, message, fields);
};

/** Methods throw LockstepError with what the node refuses with, or `unreachable`, `not_available`, `malformed_answer`. */
export const connectTenantApi = (api: string, ...signals: AbortSignal[]): TenantApi => {
  if (!/^https?:\/\//.test(api) || !URL.canParse(api)) {
    throw new LockstepError("bad_flag", `${api} is no address of an API: give one like http://127.0.0.1:7300`);
  }
  const timed: typeof fetch = (url, init) =>
    fetch(url, { ...init, signal: AbortSignal.any([...signals, AbortSignal.timeout(answerMs)]) });
  const transport = createTransport(api, (url, init) => timed(url, init));
  const get = async <T>(path: string, wire: z.ZodType<T>): Promise<T> => taken(await ask(transport, path, wire));

  const post = async (body: string): Promise<unknown> => {
    const url = `${api.replace(/\/+$/, "")}/v1/control`;
    try {
      const headers = { "content-type": "application/json" };
      return await (await timed(url, { method: "POST", headers, body })).json();
    } catch (cause) {
      throw new LockstepError("unreachable", `${url} gives no answer in JSON: ${(cause as Error).message}`, { url });
    }
  };

  return {
    genesis: async () => (await get("/v1/genesis", GenesisWire)).root,
    tenants: () => get("/v1/tenants", TenantsWire),
    status: () => get("/v1/status", StatusWire),
    submit: async (transaction) => {
      const answer = await post(JSON.stringify({ transaction: toHex(transaction) }));
      const refusal = ErrorWire.safeParse((answer as { error?: unknown } | null)?.error);
      if (refusal.success)
        throw new LockstepError(refusal.data.code, `The network refuses this: ${refusal.data.message}`);
      return taken(decodeWire(ControlWire, answer)).id;
    },
    transaction: async (id) => {
      const answer = await ask(transport, `/v1/transactions/${toHex(id)}`, wires.Transaction);
      if (!answer.ok && answer.error.code === "not_available" && answer.error.answer === "not_found") return undefined;
      return taken(answer);
    },
  };
};
