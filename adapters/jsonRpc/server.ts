/** JSON-RPC 2.0 over HTTP POST and WebSocket on one port. */
import { createServer } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { createSeats } from "../../protocol/seats.ts";
import type { RpcServer } from "../adapter.ts";
import { createBudget } from "../http/budget.ts";
import { boundConnections, doorStats } from "../http/connections.ts";
import { closeServer, type Listen, listenOn, type Sockets } from "../http/listen.ts";
import { answerHttp } from "./http.ts";
import { transportLimits as limits } from "./limits.ts";
import type { Service } from "./service.ts";
import { answerSocket } from "./socket.ts";

/**
 * Serves the methods until closed. Port 0 takes a free one.
 *
 * @throws LockstepError `port_in_use` when another program listens there, `listen_failed` otherwise
 */
export const serveJsonRpc = async (service: Service, listen: Listen): Promise<RpcServer> => {
  const budget = createBudget(limits.bufferedBytes);
  const subscriptions = createSeats(limits.allSubscriptions);
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
  http.timeout = limits.idleTimeoutMs;
  const connections = boundConnections(http, limits);

  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.messageBytes, perMessageDeflate: false });
  http.on("upgrade", (request, stream, head) => {
    stream.on("error", () => stream.destroy());
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const host = request.socket.remoteAddress ?? "";
      connections.upgraded(stream, answerSocket(service, budget, socket, { host, seats: subscriptions }));
    });
  });

  const authority = await listenOn(http, listen);
  const stopHeartbeat = keepHeartbeat(sockets);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    stopHeartbeat();
    return closeServer(http, endingOf(sockets), limits.closeMs);
  };
  return {
    rpc: `http://${authority}`,
    ws: `ws://${authority}`,
    close: () => (closing ??= close()),
    stats: () => doorStats(connections, budget),
  };
};

const endingOf = ({ clients }: WebSocketServer): Sockets => ({
  close: () => {
    for (const socket of clients) socket.close(1001, "the server is closing");
  },
  terminate: () => {
    for (const socket of clients) socket.terminate();
  },
});

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
