/** Places for the connections of an HTTP server, and for the WebSockets that some of them become. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSeats, type Seats } from "../../protocol/seats.ts";
import type { Budget } from "./budget.ts";

export type Connections = {
  readonly http: Seats;
  readonly sockets: Seats;
  /** A connection has become a WebSocket: its place is among these from now on. */
  upgraded(stream: Duplex, socket: { isBusy(): boolean; evict(): void }): void;
};

/** What an operator sees of a server. */
export type DoorStats = { connections: number; sockets: number; buffered: number; evicted: number };

/** Places and bytes of a server in numbers. */
export const doorStats = ({ http, sockets }: Connections, budget: Budget): DoorStats => ({
  connections: http.taken,
  sockets: sockets.taken,
  buffered: budget.used,
  evicted: http.evicted + sockets.evicted + budget.evicted,
});

type Exchange = { request: IncomingMessage; response: ServerResponse };

const hostOf = (stream: Duplex): string => (stream as Socket).remoteAddress ?? "";

/** A request is being answered from its last byte on, until its answer waits for being read. */
const isAnswering = (exchange: Exchange | undefined): boolean =>
  exchange?.request.complete === true && !exchange.response.writableEnded;

export const boundConnections = (server: Server, most: { connections: number; sockets: number }): Connections => {
  const http = createSeats(most.connections);
  const sockets = createSeats(most.sockets);
  const exchanges = new WeakMap<Duplex, Exchange>();
  const leavers = new WeakMap<Duplex, () => void>();

  server.on("connection", (socket) => {
    const leave = http.take({
      host: hostOf(socket),
      isBusy: () => isAnswering(exchanges.get(socket)),
      evict: () => socket.destroy(),
    });
    leavers.set(socket, leave);
    socket.once("close", leave);
  });
  server.on("request", (request, response) => {
    exchanges.set(request.socket, { request, response });
  });

  return {
    http,
    sockets,
    upgraded: (stream, socket) => {
      leavers.get(stream)?.();
      stream.once("close", sockets.take({ host: hostOf(stream), ...socket }));
    },
  };
};
