/** Caps of what a Fuel executor holds and answers. */

/** None is part of consensus. */
export const executorLimits = {
  /** Coins, balances or slots in one answer. */
  pageItems: 1024,
  /** Coins of an owner that are looked through to find those worth most. */
  coinsConsidered: 65_536,
  /** Assets in one request for coins to spend; coins that it excludes. */
  spentAssets: 64,
  excludedCoins: 1024,
  /** Transactions of one dry run. */
  dryRuns: 64,
  /** Transactions that were found good, whose outputs may be spent before they are executed. */
  pendingTransactions: 65_536,
  /** Blocks after which a transaction that was not executed is forgotten there. */
  pendingBlocks: 256,
} as const;
