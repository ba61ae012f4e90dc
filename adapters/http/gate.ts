/** A bounded number of works at the same time, a bounded queue of those that wait. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Rejects with what `full` makes when more than `waiting` would have to wait. */
export const createGate = (width: number, waiting: number, full: () => Error): Gate => {
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
    else throw full();
    try {
      return await work();
    } finally {
      leave();
    }
  };
};
