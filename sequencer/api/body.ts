/** Reading request bodies within caps, and what a submission's body says. */
import type * as z from "zod";
import type { Holding } from "../../adapters/http/budget.ts";
import { nestsDeeper } from "../../adapters/http/depth.ts";
import { fromHex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import type { Domain } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { BundleRequestWire, ControlRequestWire, decodeWire, SubmissionRequestWire } from "../../protocol/wire.ts";
import { busy } from "./answer.ts";
import { apiLimits } from "./limits.ts";

/** Reads a body; its bytes are held until the request has been answered. */
export const readBody = async (request: Request, holding: Holding): Promise<Result<Uint8Array>> => {
  let length = 0;
  const chunks: Uint8Array[] = [];
  const tooLarge = failure(
    "body_too_large",
    `the body is larger than ${apiLimits.requestBytes} bytes: submit fewer transactions at once`,
    { limit: apiLimits.requestBytes },
  );
  if (Number(request.headers.get("content-length") ?? 0) > apiLimits.requestBytes) return tooLarge;
  try {
    for await (const chunk of request.body ?? []) {
      if (length + chunk.length > apiLimits.requestBytes) return tooLarge;
      if (!holding.take(chunk.length)) {
        return busy;
      }
      length += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    return failure("malformed_body", "the body ended early: send it again, whole");
  }
  return success(Buffer.concat(chunks));
};

/** What a body may be. */
export type MediaType = "application/json" | "application/octet-stream";

export const readMediaType = (header: string | undefined): Result<MediaType> => {
  const type = (header ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json" || type === "application/octet-stream") return success(type);
  const message = `the content type is ${type || "missing"}: use application/json or application/octet-stream`;
  return failure("unsupported_media_type", message);
};

/** Transactions to submit to one domain; one that isn't even hexadecimal is `undefined`. */
export type Submission = { domain: Domain; transactions: (Uint8Array | undefined)[] };

/** Body in JSON that `wire` reads; `form` shows what it looks like. */
const parseJson = <T>(wire: z.ZodType<T>, form: string, body: Uint8Array): Result<T> => {
  let json: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    if (nestsDeeper(text, apiLimits.jsonDepth)) {
      return failure("malformed_body", `the body nests deeper than ${apiLimits.jsonDepth} levels`);
    }
    json = JSON.parse(text);
  } catch (cause) {
    return failure("malformed_body", `the body is not JSON: ${(cause as Error).message}`);
  }
  const request = decodeWire(wire, json);
  if (request.ok) return request;
  const { message } = request.error;
  return failure("malformed_body", `${message.replace("the answer's", "the request's")}; send ${form}`);
};

/** Body `{"domain": 1, "transactions": ["0x..."]}`. */
export const parseJsonSubmission = (body: Uint8Array): Result<Submission> => {
  const form = '{"domain": <number>, "transactions": ["0x...", ...]}';
  const request = parseJson(SubmissionRequestWire, form, body);
  if (!request.ok) return request;
  const { domain, transactions } = request.value;
  return success({ domain, transactions: transactions.map(fromHex) });
};

/** Body `{"transaction": "0x..."}` of one control transaction. */
export const parseJsonControl = (body: Uint8Array): Result<Uint8Array> => {
  const request = parseJson(ControlRequestWire, '{"transaction": "0x..."}', body);
  return request.ok ? success(request.value.transaction) : request;
};

/** Body `{"bundle": "0x..."}` of one encoded bundle. */
export const parseJsonBundle = (body: Uint8Array): Result<Uint8Array> => {
  const request = parseJson(BundleRequestWire, '{"bundle": "0x..."}', body);
  return request.ok ? success(request.value.bundle) : request;
};

/** Body of repeated `length u32 big-endian ‖ bytes`. */
export const parseOctets = (body: Uint8Array): Result<Uint8Array[]> => {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const transactions: Uint8Array[] = [];
  let offset = 0;
  while (offset < body.length) {
    if (transactions.length === limits.batchTransactions) {
      return failure("malformed_body", `the body holds more than ${limits.batchTransactions} transactions`);
    }
    const start = offset + 4;
    const end = start <= body.length ? start + view.getUint32(offset) : Number.POSITIVE_INFINITY;
    if (end > body.length) {
      return failure(
        "malformed_body",
        `transaction ${transactions.length} at byte ${offset} is cut off: each is a u32 big-endian length and that many bytes`,
        { offset },
      );
    }
    transactions.push(body.subarray(start, end));
    offset = end;
  }
  return transactions.length > 0 ? success(transactions) : failure("malformed_body", "the body holds no transaction");
};
