/** Virtual time: things that happen later, in order of time and then of planning. */

export type Schedule = {
  /** Virtual milliseconds. */
  now(): number;
  /** Returns what cancels it. */
  after(ms: number, happen: () => void): () => void;
  /** Moves time to the next thing and makes it happen. When nothing is planned up to `limit`, moves there and answers `false`. */
  advance(limit: number): boolean;
};

type Planned = { readonly at: number; readonly order: number; happen: (() => void) | undefined };

const isEarlier = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export const createSchedule = (start: number): Schedule => {
  /** Binary heap, earliest first. */
  const heap: Planned[] = [];
  let time = start;
  let planned = 0;

  const swap = (i: number, j: number): void => {
    const [x, y] = [heap[i] as Planned, heap[j] as Planned];
    heap[i] = y;
    heap[j] = x;
  };
  const before = (i: number, j: number): boolean => isEarlier(heap[i] as Planned, heap[j] as Planned);

  const push = (item: Planned): void => {
    heap.push(item);
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!before(at, parent)) break;
      swap(at, parent);
      at = parent;
    }
  };

  const pop = (): void => {
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && before(child, least)) least = child;
      if (least === at) break;
      swap(at, least);
      at = least;
    }
  };

  return {
    now: () => time,
    after: (ms, happen) => {
      const item: Planned = { at: time + Math.max(0, ms), order: planned++, happen };
      push(item);
      return () => {
        item.happen = undefined;
      };
    },
    advance: (limit) => {
      for (let next = heap[0]; next !== undefined; next = heap[0]) {
        if (next.happen === undefined) {
          pop();
          continue;
        }
        if (next.at > limit) break;
        pop();
        time = next.at;
        next.happen();
        return true;
      }
      if (limit < Number.POSITIVE_INFINITY) time = Math.max(time, limit);
      return false;
    },
  };
};
