/** Pages of lists as fuel-core has them: the first ones after a cursor, or the last ones before one. */
import { apiError } from "./context.ts";
import { rpcLimits } from "./limits.ts";

export type PageArgs = {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
};

export type Edge<T> = { cursor: string; node: T };

export type Connection<T> = {
  edges: Edge<T>[];
  nodes: T[];
  pageInfo: {
    hasPreviousPage: boolean;
    hasNextPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
};

/** Which entries are wanted: `limit` of them beyond `from`, in the list's order or against it. */
export type Stretch = { from: string | undefined; isBackward: boolean; limit: number };

const readArgs = ({ first, after, last, before }: PageArgs): Stretch => {
  const wrong = (what: string) => apiError("bad_input", `invalid page: ${what}`);
  if (first != null && last != null) throw wrong("ask for the first or for the last entries, not for both");
  if (after != null && last != null) throw wrong("the last entries are before a cursor, not after it");
  if (before != null && first != null) throw wrong("the first entries are after a cursor, not before it");
  const limit = first ?? last;
  if (limit == null) throw wrong("say how many entries, by first or last");
  if (limit < 0 || limit > rpcLimits.page) throw wrong(`one has at most ${rpcLimits.page} entries`);
  return { from: after ?? before ?? undefined, isBackward: last != null, limit };
};

/**
 * A page of a list, in the list's order.
 *
 * @param entries gives the entries of a stretch, in the order in which they are met, or fewer at the list's end
 */
export const paginate = async <T>(
  args: PageArgs,
  entries: (stretch: Stretch) => Promise<Edge<T>[]> | Edge<T>[],
): Promise<Connection<T>> => {
  const stretch = readArgs(args);
  const { isBackward, limit } = stretch;
  const found = limit === 0 ? [] : await entries({ ...stretch, limit: limit + 1 });
  const isMore = found.length > limit;
  const edges = found.slice(0, limit);
  if (isBackward) edges.reverse();
  const isBeyond = stretch.from !== undefined;
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasPreviousPage: isBackward ? isMore : isBeyond,
      hasNextPage: isBackward ? isBeyond : isMore,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
};

/** Entries of a list that is there as a whole, in order of its cursors. */
export const fromSorted =
  <T>(list: readonly Edge<T>[]) =>
  ({ from, isBackward, limit }: Stretch): Edge<T>[] => {
    if (isBackward) {
      const before = from === undefined ? list : list.filter(({ cursor }) => cursor < from);
      return before.slice(-limit).reverse();
    }
    const after = from === undefined ? list : list.filter(({ cursor }) => cursor > from);
    return after.slice(0, limit);
  };

/**
 * A stretch of a list that can be read forward only: against its order it is read as a whole, within bounds.
 *
 * @param read so many entries behind a cursor, or from the start
 */
export const stretchOf =
  <T>(read: (after: string | undefined, limit: number) => Promise<Edge<T>[]>) =>
  async ({ from, isBackward, limit }: Stretch): Promise<Edge<T>[]> => {
    if (!isBackward) return await read(from, limit);
    const before: Edge<T>[] = [];
    for (;;) {
      const some = await read(before.at(-1)?.cursor, rpcLimits.page);
      const wanted = from === undefined ? some : some.filter(({ cursor }) => cursor < from);
      before.push(...wanted);
      if (some.length < rpcLimits.page || wanted.length < some.length) return before.slice(-limit).reverse();
      if (before.length > rpcLimits.coinsConsidered) {
        throw apiError("too_many", "the list is too long to be read from its end: page forward, by first and after");
      }
    }
  };
