/** JSON-RPC over one WebSocket, with its subscriptions. */
import type { RawData, WebSocket } from "ws";
import type { Seats } from "../../protocol/seats.ts";
import type { Budget } from "../http/budget.ts";
import { dispatch } from "./dispatch.ts";
import { errorCodes, RpcError } from "./error.ts";
import { transportLimits as limits } from "./limits.ts";
import type { Service, Session } from "./service.ts";

/** Close codes of RFC 6455 and its registry. */
const tryAgainLater = 1013;

/** Where the subscriptions of all WebSockets have their places, and whose this one's are. */
export type SubscriptionPlaces = { host: string; seats: Seats };

/** Answers what comes over a WebSocket until it closes. Gives what decides whether it has to make room for another. */
export const answerSocket = (
  service: Service,
  budget: Budget,
  socket: WebSocket,
  places: SubscriptionPlaces,
): { isBusy(): boolean; evict(): void } => {
  const subscriptions = new Map<number, () => void>();
  let lastId = 0;
  let running = 0;
  const holding = budget.open({ isWaiting: () => true, evict: () => socket.terminate() });

  const send = (text: string): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > limits.unsentBytes || !holding.take(text.length)) socket.terminate();
    else socket.send(text, () => holding.give(text.length));
  };

  const end = (id: number): boolean => {
    const stop = subscriptions.get(id);
    subscriptions.delete(id);
    stop?.();
    return stop !== undefined;
  };

  /** A session of its own for every message: its subscriptions start after its answer. */
  const openSession = (): { session: Session; answered(): void } => {
    const waiting: (() => void)[] = [];
    const subscribe: Session["subscribe"] = (start) => {
      if (subscriptions.size >= limits.subscriptions) {
        throw new RpcError(
          errorCodes.limitExceeded,
          `this connection has ${limits.subscriptions} subscriptions, the most it may have: end one first`,
        );
      }
      const id = ++lastId;
      const leave = places.seats.take({
        host: places.host,
        isBusy: () => true,
        evict: () => socket.close(tryAgainLater, "the server has too many subscriptions"),
      });
      subscriptions.set(id, leave);
      waiting.push(() => {
        if (!subscriptions.has(id)) return;
        const stop = start(id);
        subscriptions.set(id, () => {
          stop();
          leave();
        });
      });
      return id;
    };
    const answered = (): void => {
      for (const start of waiting) start();
    };
    const cutOff = (reason: string): void => socket.close(tryAgainLater, reason);
    return { session: { subscribe, unsubscribe: end, send, cutOff }, answered };
  };

  const answer = async (message: Buffer): Promise<void> => {
    const { session, answered } = openSession();
    let taken = 0;
    const take = (bytes: number): boolean => {
      const isTaken = holding.take(bytes);
      if (isTaken) taken += bytes;
      return isTaken;
    };
    const text = await dispatch(service, message.toString("utf8"), session, take);
    holding.give(taken);
    if (text !== undefined) send(text);
    answered();
  };

  socket.on("message", async (data: RawData) => {
    const message = asBuffer(data);
    if (!holding.take(message.length)) {
      socket.close(tryAgainLater, "the server is busy with other requests");
      return;
    }
    if (++running >= limits.socketMessages) socket.pause();
    try {
      await answer(message);
    } catch {
      socket.terminate();
    }
    holding.give(message.length);
    if (--running < limits.socketMessages && socket.isPaused) socket.resume();
  });
  socket.on("error", () => socket.terminate());
  socket.once("close", () => {
    for (const id of [...subscriptions.keys()]) end(id);
    holding.end();
  });
  return { isBusy: () => running > 0 || subscriptions.size > 0, evict: () => socket.terminate() };
};

const asBuffer = (data: RawData): Buffer => {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
};
