/** Fields about what addresses own. */
import { fromHex, type Hex, toHex } from "../../../protocol/bytes.ts";
import type { FuelCoin } from "../reads.ts";
import type { UtxoId } from "../transaction.ts";
import type { Chain } from "./chain.ts";
import { apiError } from "./context.ts";
import { rpcLimits } from "./limits.ts";
import { type PageArgs, paginate, stretchOf } from "./paging.ts";
import { showUtxoId } from "./schema/scalars.ts";
import { coinsToSpend } from "./spendable.ts";

const coinView = ({ txPointer, ...coin }: FuelCoin) => ({
  __typename: "Coin",
  ...coin,
  blockCreated: txPointer.height,
  txCreatedIdx: txPointer.index,
});

/** Position of a coin among its owner's: the asset, then the utxo id. */
const cursorOf = ({ assetId, utxoId }: Pick<FuelCoin, "assetId" | "utxoId">): string =>
  `${assetId}${showUtxoId(utxoId).slice(2)}`;

const cursorBytes = 66;
const readCursor = (cursor: string): { assetId: Hex; utxoId: UtxoId } => {
  const bytes = fromHex(cursor);
  if (bytes?.length !== cursorBytes) throw apiError("bad_input", "invalid page: no coin has such a cursor");
  const [assetId, txId] = [bytes.subarray(0, 32), bytes.subarray(32, 64)].map(toHex) as [Hex, Hex];
  return { assetId, utxoId: { txId, index: ((bytes[64] as number) << 8) | (bytes[65] as number) } };
};

const maxU64 = 2n ** 64n - 1n;

export const coinFields = (chain: Chain) => {
  const number = (): number => chain.height();
  const balanceView = (owner: Hex, assetId: Hex, amount: bigint) => ({
    owner,
    assetId,
    amount: amount < maxU64 ? amount : maxU64,
    amountU128: amount,
  });

  return {
    coin: async ({ utxoId }: { utxoId: UtxoId }) => {
      const coin = await chain.read({ kind: "coin", number: number(), utxoId });
      return coin === undefined ? null : coinView(coin);
    },
    coins: ({ filter, ...page }: { filter: { owner: Hex; assetId?: Hex | null } } & PageArgs) => {
      const asset = filter.assetId == null ? {} : { assetId: filter.assetId };
      const at = number();
      return paginate(
        page,
        stretchOf(async (cursor, limit) => {
          const after = cursor === undefined ? {} : { after: readCursor(cursor) };
          const { owner } = filter;
          const { coins } = await chain.read({ kind: "coins", number: at, owner, ...asset, ...after, limit });
          return coins.map((coin) => ({ cursor: cursorOf(coin), node: coinView(coin) }));
        }),
      );
    },
    coinsToSpend: async (args: {
      owner: Hex;
      queryPerAsset: readonly { assetId: Hex; amount: bigint; max?: bigint | null }[];
      excludedIds?: { utxos: readonly UtxoId[] } | null;
    }) => {
      const { queryPerAsset } = args;
      if (queryPerAsset.length > rpcLimits.spendQueries) {
        throw apiError("bad_input", `coins of at most ${rpcLimits.spendQueries} assets can be asked for at once`);
      }
      if (new Set(queryPerAsset.map(({ assetId }) => assetId)).size < queryPerAsset.length) {
        throw apiError("bad_input", "an asset is asked for twice: add up the amounts");
      }
      const { txParams } = await chain.parameters();
      const wishes = queryPerAsset.map(({ assetId, amount, max }) => ({
        assetId,
        amount,
        max: Math.max(1, Math.min(Number(max ?? txParams.maxInputs), txParams.maxInputs)),
      }));
      const found = await coinsToSpend(chain, args.owner, wishes, excludedCoins(args.excludedIds?.utxos));
      return found.map((coins) => coins.map(coinView));
    },
    balance: async ({ owner, assetId }: { owner: Hex; assetId: Hex }) =>
      balanceView(owner, assetId, await chain.read({ kind: "balance", number: number(), owner, assetId })),
    balances: ({ filter: { owner }, ...page }: { filter: { owner: Hex } } & PageArgs) => {
      const at = number();
      return paginate(
        page,
        stretchOf(async (cursor, limit) => {
          const after = cursor === undefined ? {} : { after: readAsset(cursor) };
          const { balances } = await chain.read({ kind: "balances", number: at, owner, ...after, limit });
          return balances.map(({ assetId, amount }) => ({
            cursor: assetId,
            node: balanceView(owner, assetId, amount),
          }));
        }),
      );
    },
  };
};

export const readAsset = (cursor: string): Hex => {
  const bytes = fromHex(cursor);
  if (bytes?.length !== 32) throw apiError("bad_input", "invalid page: a cursor here is an asset's id");
  return toHex(bytes);
};

/** @throws GraphQLError when they are too many */
export const excludedCoins = (utxos: readonly UtxoId[] | undefined): readonly UtxoId[] => {
  if ((utxos?.length ?? 0) <= rpcLimits.excludedCoins) return utxos ?? [];
  throw apiError("bad_input", `at most ${rpcLimits.excludedCoins} coins can be excluded`);
};
