/** JSON-RPC over one WebSocket, with its subscriptions. */
import type { RawData, WebSocket } from "ws";
import type { Budget } from "./budget.ts";
import { dispatch } from "./dispatch.ts";
import { errorCodes, RpcError } from "./error.ts";
import { transportLimits as limits } from "./limits.ts";
import type { Service, Session } from "./service.ts";

/** Close codes of RFC 6455 and its registry. */
const tryAgainLater = 1013;

/** Answers what comes over a WebSocket until it closes. */
export const answerSocket = (service: Service, budget: Budget, socket: WebSocket): void => {
  const subscriptions = new Map<number, () => void>();
  let lastId = 0;
  let running = 0;

  const send = (text: string): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > limits.unsentBytes || !budget.take(text.length)) socket.terminate();
    else socket.send(text, () => budget.give(text.length));
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
      subscriptions.set(id, () => {});
      waiting.push(() => {
        if (subscriptions.has(id)) subscriptions.set(id, start(id));
      });
      return id;
    };
    const answered = (): void => {
      for (const start of waiting) start();
    };
    return { session: { subscribe, unsubscribe: end, send }, answered };
  };

  const answer = async (message: Buffer): Promise<void> => {
    const { session, answered } = openSession();
    const text = await dispatch(service, message.toString("utf8"), session);
    if (text !== undefined) send(text);
    answered();
  };

  socket.on("message", async (data: RawData) => {
    const message = asBuffer(data);
    if (!budget.take(message.length)) {
      socket.close(tryAgainLater, "the server is busy with other requests");
      return;
    }
    if (++running >= limits.socketMessages) socket.pause();
    try {
      await answer(message);
    } catch {
      socket.terminate();
    }
    budget.give(message.length);
    if (--running < limits.socketMessages && socket.isPaused) socket.resume();
  });
  socket.on("error", () => socket.terminate());
  socket.once("close", () => {
    for (const id of [...subscriptions.keys()]) end(id);
  });
};

const asBuffer = (data: RawData): Buffer => {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
};
