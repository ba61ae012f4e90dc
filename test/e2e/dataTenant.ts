/** The `data` tenant over the HTTP API of a validator. */
import { randomBytes } from "node:crypto";
import type * as z from "zod";
import { concatBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { decodeWire, StatusWire, SubmissionWire, TransactionWire } from "../../protocol/wire.ts";
import { dataDomain, type Endpoint, eventually } from "./network.ts";

/** Decodes an answer of the API. @throws Error with the answer where it is no such */
export const getFrom = async <T>({ api }: Endpoint, path: string, wire: z.ZodType<T>): Promise<T> => {
  const response = await fetch(`${api}${path}`);
  const json: unknown = await response.json();
  const decoded = decodeWire(wire, json);
  if (!response.ok || !decoded.ok) throw new Error(`${path} answers ${JSON.stringify(json)}`);
  return decoded.value;
};

export const statusOf = (validator: Endpoint): Promise<StatusWire> => getFrom(validator, "/v1/status", StatusWire);

/** Bytes that nobody submitted before. */
export const opaque = (length = 40): Uint8Array => new Uint8Array(randomBytes(length));

const submitted = async (response: Response): Promise<{ id: Hex; nativeId: Hex }[]> => {
  const json = (await response.json()) as { id: Hex; nativeId: Hex }[];
  const decoded = decodeWire(SubmissionWire, json);
  if (response.status !== 200 || !decoded.ok || decoded.value.some((answer) => "error" in answer)) {
    throw new Error(`it was refused: ${JSON.stringify(json)}`);
  }
  return json;
};

const transactionsOf = ({ api }: Endpoint): string => `${api}/v1/transactions`;

export const submitJson = async (validator: Endpoint, transactions: readonly Uint8Array[]) => {
  const body = JSON.stringify({ domain: dataDomain, transactions: transactions.map(toHex) });
  const headers = { "content-type": "application/json" };
  return submitted(await fetch(transactionsOf(validator), { method: "POST", headers, body }));
};

const framed = (bytes: Uint8Array): Uint8Array => {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
};

export const submitOctets = async (validator: Endpoint, transactions: readonly Uint8Array[]) => {
  const body = new Blob(transactions.map((bytes) => new Uint8Array(framed(bytes))));
  const headers = { "content-type": "application/octet-stream" };
  const url = `${transactionsOf(validator)}?domain=${dataDomain}`;
  return submitted(await fetch(url, { method: "POST", headers, body }));
};

/** Where a transaction stands at a validator, once that has executed it. */
export const executedAt = (validator: Endpoint, id: Hex): Promise<TransactionWire> =>
  eventually(async () => {
    const found = await getFrom(validator, `/v1/transactions/${id}`, TransactionWire);
    return found.status === "executed" ? found : undefined;
  });
