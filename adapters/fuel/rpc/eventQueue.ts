/** Values that are pushed in and iterated over, until their end or until the reader has gone. */

export type EventQueue<T> = AsyncIterableIterator<T> & {
  push(value: T): void;
  /** No value follows. */
  end(): void;
  /** The reader is told of it after what was pushed before. */
  fail(error: unknown): void;
};

/** @param onEnd called once, when nothing is pushed or read any more */
export const createEventQueue = <T>(signal: AbortSignal, onEnd: () => void): EventQueue<T> => {
  const values: T[] = [];
  let waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void } | undefined;
  let failure: { error: unknown } | undefined;
  let isEnded = false;

  const settle = (): void => {
    if (waiting === undefined) return;
    const { resolve, reject } = waiting;
    const [value] = values;
    if (value !== undefined) resolve({ done: false, value: values.shift() as T });
    else if (failure !== undefined) reject(failure.error);
    else if (isEnded) resolve({ done: true, value: undefined });
    else return;
    waiting = undefined;
  };
  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    signal.removeEventListener("abort", leave);
    onEnd();
    settle();
  };
  const leave = (): void => {
    values.length = 0;
    end();
  };
  signal.addEventListener("abort", leave);
  if (signal.aborted) leave();

  const queue: EventQueue<T> = {
    push: (value) => {
      if (isEnded) return;
      values.push(value);
      settle();
    },
    end,
    fail: (error) => {
      if (isEnded) return;
      failure = { error };
      end();
    },
    next: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        settle();
      }),
    return: async () => {
      leave();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => queue,
  };
  return queue;
};
