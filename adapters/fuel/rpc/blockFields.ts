/** Fields about blocks and their transactions. */
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import type { Root } from "../../../protocol/ids.ts";
import { decodeTransaction } from "../codec.ts";
import type { Chain, Found } from "./chain.ts";
import { apiError, type Context } from "./context.ts";
import type { Place } from "./history.ts";
import { type Edge, type PageArgs, paginate, type Stretch } from "./paging.ts";
import { blockView, executedView, submittedStatus, transactionView } from "./views/transactions.ts";

const badCursor = () => apiError("bad_input", "invalid page: nothing has such a cursor");

const readHeight = (cursor: string): number => {
  if (!/^[0-9]{1,10}$/.test(cursor)) throw badCursor();
  return Number(cursor);
};

/** Place of a transaction among all, as text that sorts like it. */
const cursorOf = ({ number, index }: Place): string =>
  number.toString(16).padStart(8, "0") + index.toString(16).padStart(8, "0");

const readPlace = (cursor: string): Place => {
  if (!/^[0-9a-f]{16}$/.test(cursor)) throw badCursor();
  return { number: Number.parseInt(cursor.slice(0, 8), 16), index: Number.parseInt(cursor.slice(8), 16) };
};

export const blockFields = (chain: Chain) => {
  const heights = ({ from, isBackward, limit }: Stretch): number[] => {
    const newest = chain.height();
    const at = from === undefined ? undefined : readHeight(from);
    const found: number[] = [];
    if (isBackward) {
      for (let h = Math.min(newest, (at ?? newest + 1) - 1); h >= 0 && found.length < limit; h--) found.push(h);
    } else {
      for (let h = at === undefined ? 0 : at + 1; h <= newest && found.length < limit; h++) found.push(h);
    }
    return found;
  };

  const edgeOf = (found: Found, context: Context): Edge<unknown> => ({
    cursor: cursorOf({ number: found.block.number, index: found.index }),
    node: executedView(chain, found, context),
  });

  /** Transactions of all blocks, block by block. */
  const stretch = async ({ from, isBackward, limit }: Stretch, context: Context): Promise<Edge<unknown>[]> => {
    const start = from === undefined ? undefined : readPlace(from);
    const found: Edge<unknown>[] = [];
    const step = isBackward ? -1 : 1;
    let number = start?.number ?? (isBackward ? chain.height() : 0);
    let index = start === undefined ? undefined : start.index + step;
    for (; number >= 0 && number <= chain.height() && found.length < limit; number += step) {
      const block = await chain.block(number);
      const { transactions } = block;
      const last = transactions.length - 1;
      for (let i = index ?? (isBackward ? last : 0); i >= 0 && i <= last && found.length < limit; i += step) {
        const transaction = transactions[i];
        if (transaction !== undefined) found.push(edgeOf({ block, index: i, transaction }, context));
      }
      index = undefined;
    }
    return found;
  };

  return {
    block: async ({ id, height }: { id?: Hex | null; height?: bigint | null }, context: Context) => {
      if ((id == null) === (height == null))
        throw apiError("bad_input", "name a block either by its id or by its height");
      const root = id == null ? undefined : (fromHex(id) as Root);
      const block = root === undefined ? await chain.blocks.byNumber(Number(height)) : await chain.blocks.byId(root);
      return block === undefined ? null : blockView(chain, block, context);
    },
    blocks: (page: PageArgs, context: Context) =>
      paginate(page, async (wanted) => {
        const found: Edge<unknown>[] = [];
        for (const height of heights(wanted)) {
          const node = blockView(chain, await chain.block(height), context);
          found.push({ cursor: String(height), node });
        }
        return found;
      }),
    transaction: async ({ id }: { id: Hex }, context: Context) => {
      const found = await chain.transaction(id);
      if (found !== undefined) return executedView(chain, found, context);
      const bytes = chain.services.pending(id);
      const decoded = bytes && decodeTransaction(bytes);
      if (!bytes || !decoded?.ok) return null;
      return transactionView({ id, transaction: decoded.value, bytes }, context, submittedStatus);
    },
    transactions: (page: PageArgs, context: Context) => paginate(page, (wanted) => stretch(wanted, context)),
    transactionsByOwner: async ({ owner, ...page }: { owner: Hex } & PageArgs, context: Context) => {
      const places = await chain.history.of(owner);
      return await paginate(page, async ({ from, isBackward, limit }) => {
        const at = (place: Place) => cursorOf(place);
        const wanted = isBackward
          ? places
              .filter((place) => from === undefined || at(place) < from)
              .slice(-limit)
              .reverse()
          : places.filter((place) => from === undefined || at(place) > from).slice(0, limit);
        const found: Edge<unknown>[] = [];
        for (const place of wanted) {
          const each = await chain.at(place);
          if (each !== undefined) found.push(edgeOf(each, context));
        }
        return found;
      });
    },
  };
};
