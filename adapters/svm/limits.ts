/** Caps of an SVM executor's memory. None is part of consensus. */

const MiB = 1024 * 1024;

export const executorLimits = {
  /** Data of accounts as they were before past blocks. Blocks behind it can't be read any more. */
  historyBytes: 256 * MiB,
  /** Transactions whose signatures were found good, kept so that they aren't checked again. */
  verified: 65_536,
  /** Accounts that one read may ask for, or the simulation of a transaction show. */
  readKeys: 256,
  /** Accounts of a program that one read gives, and bytes of their data. */
  ownedAccounts: 65_536,
  ownedBytes: 128 * MiB,
  /** Conditions on the accounts of a program, and bytes compared in each (Solana's own bounds). */
  filters: 4,
  comparedBytes: 128,
} as const;
