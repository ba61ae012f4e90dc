/** Coins to pay with: the largest first, so that few are enough. */
import type { Hex } from "../../../protocol/bytes.ts";
import type { FuelCoin } from "../reads.ts";
import type { UtxoId } from "../transaction.ts";
import type { Chain } from "./chain.ts";
import { insufficientCoins, readError, tooManyCoins } from "./errors.ts";

export type Wish = { assetId: Hex; amount: bigint; max: number };

/**
 * Coins of an owner that are worth each amount, in the order of the wishes.
 *
 * @throws GraphQLError where it has not that much, or only in more coins than are wished for
 */
export const coinsToSpend = async (
  chain: Chain,
  owner: Hex,
  assets: readonly Wish[],
  excluded: readonly UtxoId[],
): Promise<FuelCoin[][]> => {
  const answer = await chain.tryRead({ kind: "coinsToSpend", owner, assets: [...assets], excluded: [...excluded] });
  if (answer.ok) return answer.value;
  const { error } = answer;
  if (error.code !== "insufficient_coins" && error.code !== "too_many_coins") throw readError(error);
  const wish = assets.find(({ assetId }) => assetId === error.assetId);
  if (wish === undefined) throw readError(error);
  const collected = typeof error.collected === "bigint" ? error.collected : 0n;
  throw error.code === "insufficient_coins"
    ? insufficientCoins(wish.assetId, collected)
    : tooManyCoins(wish.assetId, wish.max, collected);
};
