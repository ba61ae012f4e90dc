/** A bounded number of works at the same time, a bounded queue of those that wait. */
import { errorCodes, RpcError } from "./error.ts";

export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Rejects with an RpcError when more than `waiting` would have to wait. */
export const createGate = (width: number, waiting: number): Gate => {
  const queue = new Set<() => void>();
  let running = 0;

  const leave = (): void => {
    for (const next of queue) {
      queue.delete(next);
      next();
      return;
    }
    running--;
  };

  return async (work) => {
    if (running < width) running++;
    else if (queue.size < waiting) await new Promise<void>((resolve) => queue.add(resolve));
    else throw new RpcError(errorCodes.limitExceeded, "too many requests are waiting: try again later");
    try {
      return await work();
    } finally {
      leave();
    }
  };
};
