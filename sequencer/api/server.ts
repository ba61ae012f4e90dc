/** The HTTP API on a socket. */
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createBudget } from "../../adapters/http/budget.ts";
import { boundConnections, type DoorStats, doorStats } from "../../adapters/http/connections.ts";
import { closeServer, listenOn } from "../../adapters/http/listen.ts";
import { failure } from "../../protocol/errors.ts";
import type { NodeService } from "../service.ts";
import { failureJson, refuse } from "./answer.ts";
import { createApi, type Log } from "./app.ts";
import { apiLimits } from "./limits.ts";
import { createStream } from "./stream.ts";

/**
 * Serves a node's API until closed. Port 0 takes a free one.
 *
 * @throws LockstepError `port_in_use` when another program listens there, `listen_failed` otherwise
 */
export const serveApi = async (
  service: NodeService,
  { host, port, log }: { host: string; port: number; log: Log },
): Promise<{ url: string; stats(): DoorStats; close(): Promise<void> }> => {
  const budget = createBudget(apiLimits.bufferedBytes);
  const listener = getRequestListener(createApi(service, log, budget).fetch, {
    overrideGlobalObjects: false,
    // What the library can't make a request of: a path with backslashes, a strange host.
    errorHandler: (error) => {
      const { message } = error as Error;
      return refuse(failure("invalid_request", `this is no request that can be answered: ${message}`).error);
    },
  });
  const http = createServer(
    {
      maxHeaderSize: apiLimits.headerBytes,
      headersTimeout: apiLimits.headersTimeoutMs,
      requestTimeout: apiLimits.requestTimeoutMs,
      keepAliveTimeout: apiLimits.keepAliveMs,
    },
    (request, response) => void listener(request, response),
  );
  http.timeout = apiLimits.idleTimeoutMs;
  const connections = boundConnections(http, apiLimits);
  http.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === "ECONNRESET") return socket.destroy();
    const body = failureJson(failure("invalid_request", `this is not an HTTP request: ${error.message}`).error);
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });

  const authority = await listenOn(http, { host, port });
  const stream = createStream(service, log, { budget, connections });
  http.on("upgrade", stream.upgrade);

  let closing: Promise<void> | undefined;
  return {
    url: `http://${authority}`,
    stats: () => doorStats(connections, budget),
    close: () => {
      closing ??= closeServer(http, stream, apiLimits.closeMs);
      return closing;
    },
  };
};
