/** The stream: a node's events to WebSockets, each by its own subscription. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import * as z from "zod";
import type { Budget, Holding } from "../../adapters/http/budget.ts";
import type { Connections } from "../../adapters/http/connections.ts";
import { transactionId } from "../../protocol/batch.ts";
import { type Failure, failure } from "../../protocol/errors.ts";
import { EventWire } from "../../protocol/wire.ts";
import type { NodeEvent, NodeService } from "../service.ts";
import { failureJson, statusOf } from "./answer.ts";
import type { Log } from "./app.ts";
import { apiLimits } from "./limits.ts";
import { change, fromQuery, type Subscription, wants } from "./subscription.ts";

/** Close codes of RFC 6455 and its registry. */
const closeCodes = { goingAway: 1001, policyViolation: 1008, tryAgainLater: 1013 } as const;

export type Stream = {
  /** Takes over a connection that asked to become a WebSocket at `/v1/stream`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells readers that the node goes away. */
  close(): void;
  /** Ends what is still open. */
  terminate(): void;
};

const wireEvent = (event: NodeEvent): EventWire => {
  switch (event.type) {
    case "finalized":
      return { topic: "finalized", block: event.block };
    case "executed":
      return { topic: "executed", summary: event.summary, root: event.summaryRoot };
    case "certified":
      return { topic: "certified", height: event.height, carrier: event.carrier };
    case "tenant": {
      const { domain, context, seal, transactions } = event.block;
      return {
        topic: "tenant",
        domain,
        height: context.height,
        number: context.number,
        timestampMs: context.timestampMs,
        blockHash: seal.blockHash,
        stateRoot: seal.stateRoot,
        gasUsed: seal.gasUsed,
        transactions: transactions.map(({ bytes, nativeId, succeeded }) => ({
          id: transactionId(bytes),
          nativeId,
          succeeded,
        })),
      };
    }
  }
};

const refuseUpgrade = (socket: Duplex, refused: Failure): void => {
  const body = failureJson(refused);
  socket.end(
    [
      `HTTP/1.1 ${statusOf(refused.code)} Refused`,
      "connection: close",
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
    // Whoever keeps its side open would keep the place.
    () => socket.destroy(),
  );
};

type Reader = { subscription: Subscription; holding: Holding };

/** Bytes that readers leave unread come out of `budget`, places out of `connections`. */
export const createStream = (
  service: NodeService,
  log: Log,
  { budget, connections }: { budget: Budget; connections: Connections },
): Stream => {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: apiLimits.messageBytes,
    perMessageDeflate: false,
  });
  const readers = new Map<WebSocket, Reader>();

  const cutOff = (socket: WebSocket, code: number, reason: string): void => {
    readers.delete(socket);
    socket.close(code, reason);
    const timer = setTimeout(() => socket.terminate(), apiLimits.cutOffMs);
    socket.once("close", () => clearTimeout(timer));
  };

  const send = (socket: WebSocket, holding: Holding, text: string): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (!holding.take(text.length)) {
      socket.terminate();
      return;
    }
    socket.send(text, () => holding.give(text.length));
    if (socket.bufferedAmount > apiLimits.unsentBytes) {
      cutOff(socket, closeCodes.tryAgainLater, `reader too slow: more than ${apiLimits.unsentBytes} bytes unread`);
    }
  };

  const publish = (event: NodeEvent): void => {
    if (readers.size === 0) return;
    const about = { topic: event.type, ...(event.type === "tenant" ? { domain: event.block.domain } : {}) };
    let text: string | undefined;
    for (const [socket, { subscription, holding }] of readers) {
      if (!wants(subscription, about)) continue;
      text ??= JSON.stringify(z.encode(EventWire, wireEvent(event)));
      send(socket, holding, text);
    }
  };

  const accept = (socket: WebSocket, subscription: Subscription): void => {
    const holding = budget.open({ isWaiting: () => true, evict: () => socket.terminate() });
    readers.set(socket, { subscription, holding });
    let messages = 0;
    let alive = true;
    const heartbeat = setInterval(() => {
      if (!alive) return socket.terminate();
      alive = false;
      messages = 0;
      socket.ping();
    }, apiLimits.heartbeatMs);
    socket.on("pong", () => {
      alive = true;
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      clearInterval(heartbeat);
      readers.delete(socket);
      holding.end();
    });
    socket.on("message", (message) => {
      const current = readers.get(socket)?.subscription;
      if (current === undefined) return;
      if (++messages > apiLimits.messages) {
        cutOff(socket, closeCodes.policyViolation, "too many messages");
        return;
      }
      const changed = change(current, message.toString());
      if (!changed.ok) return send(socket, holding, failureJson(changed.error));
      const { topics, domains } = changed.value;
      readers.set(socket, { subscription: changed.value, holding });
      send(socket, holding, JSON.stringify({ subscribed: [...topics], ...(domains ? { domains: [...domains] } : {}) }));
    });
  };

  const unsubscribe = service.subscribe((event) => {
    try {
      publish(event);
    } catch (error) {
      log.error({ error, event: event.type }, "an event could not be published");
    }
  });

  const upgrade: Stream["upgrade"] = (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    const target = request.url ?? "";
    const url = URL.canParse(target, "ws://node") ? new URL(target, "ws://node") : undefined;
    if (url?.pathname !== "/v1/stream") {
      const message = "WebSockets are served at /v1/stream only";
      return refuseUpgrade(socket, failure("unknown_route", message).error);
    }
    const subscription = fromQuery(url.searchParams);
    if (!subscription.ok) return refuseUpgrade(socket, subscription.error);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      connections.upgraded(socket, {
        isBusy: () => (readers.get(webSocket)?.subscription.topics.size ?? 0) > 0,
        evict: () => cutOff(webSocket, closeCodes.tryAgainLater, "the place is needed for another reader"),
      });
      accept(webSocket, subscription.value);
    });
  };

  return {
    upgrade,
    close: () => {
      unsubscribe();
      for (const socket of server.clients) socket.close(closeCodes.goingAway, "the node is stopping");
    },
    terminate: () => {
      for (const socket of server.clients) socket.terminate();
    },
  };
};
