/** GraphQL over HTTP POST, and over server-sent events as fuel-core serves subscriptions. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../../http/body.ts";
import type { Budget, Holding } from "../../http/budget.ts";
import type { Connections } from "../../http/connections.ts";
import type { Execution, GraphqlResponse } from "./execution.ts";
import { doorLimits as limits } from "./limits.ts";
import { readRequest } from "./request.ts";

/** Any page may ask: the API holds no keys and no cookies. */
const crossOrigin = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, OPTIONS",
  "access-control-allow-headers": "*",
  "access-control-max-age": "86400",
} as const;

export const paths = { graphql: "/v1/graphql", stream: "/v1/graphql-sub", health: ["/v1/health", "/health"] } as const;

export type Door = {
  execution: Execution;
  budget: Budget;
  connections: Connections;
  /** What ends each stream that is open. */
  streams: Set<AbortController>;
};

const busy = "the server is busy with other requests: try again later";

/** Answers one HTTP request. */
export const answerHttp = async (door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const [path = ""] = (request.url ?? "").split("?", 1);
  if (request.method === "OPTIONS") {
    response.writeHead(204, crossOrigin).end();
    return;
  }
  if (request.method === "GET" && paths.health.some((each) => each === path)) {
    send(response, 200, Buffer.from('{"up":true}'));
    return;
  }
  const isStream = path === paths.stream;
  if (!isStream && path !== paths.graphql) {
    refuse(response, 404, `send GraphQL requests to ${paths.graphql}, subscriptions to ${paths.stream}`);
    return;
  }
  if (request.method !== "POST") {
    refuse(response, 405, "send GraphQL requests by POST");
    return;
  }
  const holding = door.budget.open({
    isWaiting: () => !request.complete || response.writableEnded || isStream,
    evict: () => request.socket.destroy(),
  });
  const gone = new AbortController();
  if (isStream) door.streams.add(gone);
  response.once("close", () => {
    holding.end();
    door.streams.delete(gone);
    gone.abort();
  });
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
  const read = readRequest(body.toString("utf8"));
  if (!read.ok) {
    refuse(response, 400, read.error.message);
    return;
  }
  if (isStream) {
    const events = await door.execution.stream(read.value, gone.signal);
    holding.give(body.length);
    await sendEvents(door, holding, request, response, events);
    return;
  }
  const text = JSON.stringify(await door.execution.answer(read.value, gone.signal));
  holding.give(body.length);
  if (response.destroyed) return;
  if (holding.take(text.length)) send(response, 200, Buffer.from(text, "utf8"));
  else refuse(response, 503, busy);
};

const send = (response: ServerResponse, status: number, body: Buffer): void => {
  response
    .writeHead(status, { ...crossOrigin, "content-type": "application/json", "content-length": body.length })
    .end(body);
};

const refuse = (response: ServerResponse, status: number, message: string): void => {
  send(response, status, Buffer.from(JSON.stringify({ errors: [{ message }] })));
};

/** The connection becomes a stream for good: its place is among these, and it ends with it. */
const sendEvents = async (
  { connections }: Door,
  holding: Holding,
  request: IncomingMessage,
  response: ServerResponse,
  events: AsyncIterable<GraphqlResponse>,
): Promise<void> => {
  if (response.destroyed) return;
  const { socket } = request;
  connections.upgraded(socket, { isBusy: () => false, evict: () => socket.destroy() });
  response.writeHead(200, {
    ...crossOrigin,
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    connection: "close",
  });
  response.flushHeaders();
  const timer = setInterval(() => response.write(":keep-alive-text\n\n"), limits.keepAliveMs);
  try {
    for await (const event of events) {
      const frame = Buffer.from(`data:${JSON.stringify(event)}\n\n`, "utf8");
      if (response.destroyed) return;
      if (!holding.take(frame.length)) {
        socket.destroy();
        return;
      }
      response.write(frame, () => holding.give(frame.length));
    }
    response.end();
  } finally {
    clearInterval(timer);
  }
};
