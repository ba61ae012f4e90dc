/** The HTTP API on a socket. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { failure, LockstepError } from "../../protocol/errors.ts";
import type { NodeService } from "../service.ts";
import { failureJson } from "./answer.ts";
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
): Promise<{ url: string; close(): Promise<void> }> => {
  const http = createAdaptorServer({
    fetch: createApi(service, log).fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: apiLimits.headerBytes,
      headersTimeout: apiLimits.headersTimeoutMs,
      requestTimeout: apiLimits.requestTimeoutMs,
      keepAliveTimeout: apiLimits.keepAliveMs,
    },
  }) as Server;
  http.maxConnections = apiLimits.connections;
  http.timeout = apiLimits.idleTimeoutMs;
  http.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === "ECONNRESET") return socket.destroy();
    const body = failureJson(failure("invalid_request", `this is not an HTTP request: ${error.message}`).error);
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });

  const address = await listen(http, host, port);
  const stream = createStream(service, log);
  http.on("upgrade", stream.upgrade);

  const shutDown = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    stream.close();
    http.closeIdleConnections();
    const force = setTimeout(() => {
      stream.terminate();
      http.closeAllConnections();
    }, apiLimits.closeMs);
    await closed;
    clearTimeout(force);
  };
  let closing: Promise<void> | undefined;
  const authority = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${authority}:${address.port}`,
    close: () => {
      closing ??= shutDown();
      return closing;
    },
  };
};

const listen = (http: Server, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    http.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)));
    http.listen({ host, port }, () => {
      http.removeAllListeners("error");
      // Accept errors (no file descriptor left) end one connection attempt, not the server.
      http.on("error", () => {});
      resolve(http.address() as AddressInfo);
    });
  });

const listenError = (cause: NodeJS.ErrnoException, host: string, port: number): LockstepError =>
  cause.code === "EADDRINUSE"
    ? new LockstepError(
        "port_in_use",
        `port ${port} on ${host} is in use: stop the program that listens there, or choose another port`,
        { host, port },
        cause,
      )
    : new LockstepError(
        "listen_failed",
        `can't listen on ${host} port ${port}: ${cause.message}`,
        { host, port },
        cause,
      );
