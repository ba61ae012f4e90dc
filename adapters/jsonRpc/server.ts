/** JSON-RPC 2.0 over HTTP POST and WebSocket on one port. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { LockstepError } from "../../protocol/errors.ts";
import type { RpcServer } from "../adapter.ts";
import { createBudget } from "./budget.ts";
import { answerHttp } from "./http.ts";
import { transportLimits as limits } from "./limits.ts";
import type { Service } from "./service.ts";
import { answerSocket } from "./socket.ts";

export type Listen = { host: string; port: number };

/**
 * Serves the methods until closed. Port 0 takes a free one.
 *
 * @throws LockstepError `port_in_use` when another program listens there, `listen_failed` otherwise
 */
export const serveJsonRpc = async (service: Service, listen: Listen): Promise<RpcServer> => {
  const budget = createBudget(limits.bufferedBytes);
  const http = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
    },
    (request, response) => {
      answerHttp(service, budget, request, response).catch(() => response.destroy());
    },
  );
  http.maxConnections = limits.connections;
  http.timeout = limits.idleTimeoutMs;

  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.requestBytes, perMessageDeflate: false });
  http.on("upgrade", (request, stream, head) => {
    stream.on("error", () => stream.destroy());
    if (sockets.clients.size >= limits.sockets) {
      stream.end("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => answerSocket(service, budget, socket));
  });

  const address = await listenOn(http, listen);
  const stopHeartbeat = keepHeartbeat(sockets);
  const authority = `${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    stopHeartbeat();
    return closeServer(http, sockets);
  };
  return { rpc: `http://${authority}`, ws: `ws://${authority}`, close: () => (closing ??= close()) };
};

const listenOn = (http: Server, { host, port }: Listen): Promise<AddressInfo> =>
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

/** Ends sockets whose other side is gone without a word. */
const keepHeartbeat = (sockets: WebSocketServer): (() => void) => {
  const silent = new WeakSet<WebSocket>();
  const beat = (): void => {
    for (const socket of sockets.clients) {
      if (socket.isPaused) continue;
      if (silent.has(socket)) {
        socket.terminate();
        continue;
      }
      silent.add(socket);
      socket.once("pong", () => silent.delete(socket));
      socket.ping();
    }
  };
  const timer = setInterval(beat, limits.heartbeatMs);
  return () => clearInterval(timer);
};

const closeServer = async (http: Server, sockets: WebSocketServer): Promise<void> => {
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  for (const socket of sockets.clients) socket.close(1001, "the server is closing");
  http.closeIdleConnections();
  const force = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
  }, limits.closeMs);
  await closed;
  clearTimeout(force);
};
