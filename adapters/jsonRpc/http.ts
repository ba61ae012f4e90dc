/** JSON-RPC over HTTP POST. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../http/body.ts";
import type { Budget } from "../http/budget.ts";
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
  const holding = budget.open({
    isWaiting: () => !request.complete || response.writableEnded,
    evict: () => request.socket.destroy(),
  });
  response.once("close", holding.end);
  const body = await readBody(request, holding, limits);
  if (body === "aborted") return;
  if (body === "oversized") {
    refuse(response, 413, `the body has more than ${limits.requestBytes} bytes: send less at once`);
    return;
  }
  if (body === "busy") {
    refuse(response, 503, busy);
    return;
  }
  const text = await dispatch(service, body.toString("utf8"), undefined, holding.take);
  holding.give(body.length);
  if (response.destroyed) return;
  if (text === undefined) response.writeHead(204, crossOrigin).end();
  else send(response, 200, Buffer.from(text, "utf8"));
};

const send = (response: ServerResponse, status: number, body: Buffer): void => {
  response
    .writeHead(status, { ...crossOrigin, "content-type": "application/json", "content-length": body.length })
    .end(body);
};

const refuse = (response: ServerResponse, status: number, message: string): void => {
  send(response, status, Buffer.from(errorText(null, { code: errorCodes.invalidRequest, message })));
};
