/** What tests ask a validator over its HTTP API and its tenants' own API. */
import type { Hex } from "../../protocol/bytes.ts";
import { decodeWire, StatusWire, TransactionWire } from "../../protocol/wire.ts";

const answerMs = 30_000;
const pollMs = 50;
const patienceMs = 90_000;

export const pause = (ms = pollMs): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again and again until the answer is something; whatever takes too long fails by name. */
export const until = async <T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> => {
  for (const deadline = Date.now() + patienceMs; ; await pause()) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
  }
};

const get = async (url: string): Promise<unknown> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
  const body = await response.json();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(body)}`);
  return body;
};

const rootAt = async (url: string): Promise<Hex | undefined> => ((await get(url)) as { root: Hex } | undefined)?.root;

/** Root of the finalized block at a height; `undefined` where the validator has none. */
export const blockRoot = (api: string, height: number): Promise<Hex | undefined> =>
  rootAt(`${api}/v1/blocks/${height}`);

/** Root of what executing a height came to. */
export const summaryRoot = (api: string, height: number): Promise<Hex | undefined> =>
  rootAt(`${api}/v1/summaries/${height}`);

export const status = async (api: string): Promise<StatusWire> => {
  const decoded = decodeWire(StatusWire, await get(`${api}/v1/status`));
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value;
};

const transactionFrom = async (url: string): Promise<TransactionWire | undefined> => {
  const answer = await get(url);
  if (answer === undefined) return undefined;
  const decoded = decodeWire(TransactionWire, answer);
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value;
};

/** Where a transaction stands, by the id that its VM gives it. */
export const transaction = (api: string, domain: number, nativeId: Hex): Promise<TransactionWire | undefined> =>
  transactionFrom(`${api}/v1/transactions/${nativeId}?domain=${domain}`);

/** Where a transaction stands, by its Lockstep id. */
export const transactionById = (api: string, id: Hex): Promise<TransactionWire | undefined> =>
  transactionFrom(`${api}/v1/transactions/${id}`);

/** Whether the process behind `api` answers at all. */
export const answers = (api: string): Promise<boolean> =>
  status(api).then(
    () => true,
    () => false,
  );

export type RpcAnswer = { result?: unknown; error?: { code: number; message: string; data?: unknown } };

/** One JSON-RPC call over HTTP; rejects when no answer comes. */
export const rpc = async (url: string, method: string, ...params: unknown[]): Promise<RpcAnswer> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(answerMs),
  });
  return (await response.json()) as RpcAnswer;
};

/** An answer to one submitted transaction. */
export type Submitted = { id?: Hex; nativeId?: Hex; error?: { code: string; message: string } };

/** Submits hexadecimal transactions; rejects when no answer comes. */
export const submit = async (api: string, domain: number, ...transactions: string[]): Promise<Submitted[]> => {
  const response = await fetch(`${api}/v1/transactions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ domain, transactions }),
    signal: AbortSignal.timeout(answerMs),
  });
  return (await response.json()) as Submitted[];
};
