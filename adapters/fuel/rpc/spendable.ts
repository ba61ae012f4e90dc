/** Coins to pay with: the largest first, so that few are enough. */
import type { Hex } from "../../../protocol/bytes.ts";
import type { FuelCoin } from "../reads.ts";
import type { UtxoId } from "../transaction.ts";
import type { Chain } from "./chain.ts";
import { insufficientCoins, readError, tooManyCoins } from "./errors.ts";
import { rpcLimits } from "./limits.ts";
import { showUtxoId } from "./schema/scalars.ts";

export type Wish = { assetId: Hex; amount: bigint; max: number };

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);

/**
 * Coins of an owner that are worth each amount, in the order of the wishes.
 *
 * @throws GraphQLError where it has not that much, or only in more coins than are wished for
 */
export const coinsToSpend = async (
  chain: Chain,
  owner: Hex,
  wishes: readonly Wish[],
  excluded: readonly UtxoId[],
): Promise<FuelCoin[][]> => {
  const spendable = async (wish: Wish): Promise<FuelCoin[]> => {
    const answer = await chain.tryRead({ kind: "coinsToSpend", owner, assets: [wish], excluded: [...excluded] });
    if (answer.ok) return answer.value[0] ?? [];
    const { assetId, max } = wish;
    switch (answer.error.code) {
      case "insufficient_coins":
        throw insufficientCoins(assetId, await chain.read({ kind: "balance", number: chain.height(), owner, assetId }));
      case "too_many_coins":
        throw tooManyCoins(assetId, max, await worthOfLargest(wish));
      default:
        throw readError(answer.error);
    }
  };

  /** What the largest coins come to, as many as are wished for. */
  const worthOfLargest = async ({ assetId, max }: Wish): Promise<bigint> => {
    const coins: FuelCoin[] = [];
    const hidden = new Set(excluded.map(showUtxoId));
    const number = chain.height();
    for (let isMore = true; isMore && coins.length < rpcLimits.coinsConsidered; ) {
      const last = coins.at(-1);
      const after = last === undefined ? {} : { after: { assetId, utxoId: last.utxoId } };
      const page = await chain.read({ kind: "coins", number, owner, assetId, ...after, limit: rpcLimits.page });
      coins.push(...page.coins);
      isMore = page.more;
    }
    const amounts = coins.filter(({ utxoId }) => !hidden.has(showUtxoId(utxoId))).map(({ amount }) => amount);
    return sumOf(amounts.toSorted((a, b) => (a < b ? 1 : -1)).slice(0, max));
  };

  const found: FuelCoin[][] = [];
  for (const wish of wishes) found.push(await spendable(wish));
  return found;
};
