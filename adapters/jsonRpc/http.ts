/** JSON-RPC over HTTP POST. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Budget } from "./budget.ts";
import { dispatch } from "./dispatch.ts";
import { errorCodes } from "./error.ts";
import { transportLimits as limits } from "./limits.ts";
import { errorText } from "./message.ts";
import type { Service } from "./service.ts";

/** Any page may ask: the API holds no keys and no cookies. */
const crossOrigin = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "POST, OPTIONS",
  "access-control-allow-headers": "*",
  "access-control-max-age": "86400",
} as const;

const busy = "the server is busy with other requests: try again later";

/** Answers one HTTP request. */
export const answerHttp = async (
  service: Service,
  budget: Budget,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (request.method === "OPTIONS") {
    response.writeHead(204, crossOrigin).end();
    return;
  }
  if (request.method !== "POST") {
    refuse(response, 405, "send JSON-RPC 2.0 requests by POST, or open a WebSocket at this address");
    return;
  }
  const body = await readBody(request, budget);
  if (body === "aborted") return;
  if (body === "oversized") {
    refuse(response, 413, `the body has more than ${limits.requestBytes} bytes: send less at once`);
    return;
  }
  if (body === "busy") {
    refuse(response, 503, busy);
    return;
  }
  const text = await dispatch(service, body.toString("utf8")).finally(() => budget.give(body.length));
  const answer = Buffer.from(text ?? "", "utf8");
  if (response.destroyed) return;
  if (!budget.take(answer.length)) {
    refuse(response, 503, busy);
    return;
  }
  response.once("close", () => budget.give(answer.length));
  if (text === undefined) response.writeHead(204, crossOrigin).end();
  else send(response, 200, answer);
};

const send = (response: ServerResponse, status: number, body: Buffer): void => {
  response
    .writeHead(status, { ...crossOrigin, "content-type": "application/json", "content-length": body.length })
    .end(body);
};

const refuse = (response: ServerResponse, status: number, message: string): void => {
  send(response, status, Buffer.from(errorText(null, { code: errorCodes.invalidRequest, message })));
};

/** Reads a body; its bytes are taken from the budget and stay taken when it is returned. */
const readBody = (request: IncomingMessage, budget: Budget): Promise<Buffer | "oversized" | "busy" | "aborted"> =>
  new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let received = 0;
    let held = 0;
    let refused: "oversized" | "busy" | undefined;
    const release = (): void => {
      budget.give(held);
      held = 0;
      chunks = [];
    };
    request.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > limits.discardedBytes) {
        request.destroy();
        return;
      }
      if (refused !== undefined) return;
      if (received > limits.requestBytes) refused = "oversized";
      else if (!budget.take(chunk.length)) refused = "busy";
      if (refused !== undefined) {
        release();
        return;
      }
      held += chunk.length;
      chunks.push(chunk);
    });
    request.once("end", () => resolve(refused ?? Buffer.concat(chunks, held)));
    request.once("close", () => {
      if (request.complete) return;
      release();
      resolve("aborted");
    });
    request.on("error", () => request.destroy());
  });
