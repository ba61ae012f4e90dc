/** Requests on their way to a child: at most `window` unanswered, at most `capacity` waiting behind them. */
import { type Failure, LockstepError } from "../../protocol/errors.ts";
import { errorOf, type Method } from "./messages.ts";

type Call = {
  id: number;
  method: Method;
  argument: unknown;
  resolve(value: unknown): void;
  reject(error: LockstepError): void;
};

export type Lane = {
  call(method: Method, argument: unknown): Promise<unknown>;
  /** Takes the answer to a request of this lane; `false` if there is none with this id. */
  settle(id: number, answer: { value: unknown } | { failure: Failure }): boolean;
  /** The method of the oldest unanswered request. */
  oldest(): Method | undefined;
  /** Rejects whatever is unanswered. */
  fail(error: LockstepError): void;
};

export const createLane = (options: {
  window: number;
  capacity: number;
  nextId: () => number;
  send: (call: { id: number; method: Method; argument: unknown }) => void;
}): Lane => {
  const sent = new Map<number, Call>();
  const waiting: Call[] = [];

  const pump = (): void => {
    while (sent.size < options.window) {
      const call = waiting.shift();
      if (call === undefined) return;
      sent.set(call.id, call);
      options.send({ id: call.id, method: call.method, argument: call.argument });
    }
  };

  return {
    call: (method, argument) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= options.capacity) {
          reject(new LockstepError("executor_busy", `the executor has ${waiting.length} requests waiting; try later`));
          return;
        }
        waiting.push({ id: options.nextId(), method, argument, resolve, reject });
        pump();
      }),

    settle: (id, answer) => {
      const call = sent.get(id);
      if (call === undefined) return false;
      sent.delete(id);
      if ("value" in answer) call.resolve(answer.value);
      else call.reject(errorOf(answer.failure));
      pump();
      return true;
    },

    oldest: () => sent.values().next().value?.method,

    fail: (error) => {
      const unanswered = [...sent.values(), ...waiting.splice(0)];
      sent.clear();
      for (const call of unanswered) call.reject(error);
    },
  };
};
