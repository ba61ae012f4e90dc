/** Caps of what an SVM executor holds. */

const MiB = 1024 * 1024;

/** Changing one forks the chain. */
export const blockLimits = {
  /** Bytes of the accounts that a block changes, before and after, and of its receipts. */
  changedBytes: 32 * MiB,
  /** What a byte of code counts there whenever a transaction writes to its program: loading it takes long. */
  codeWeight: 4,
  /** Transactions that were undone although they had loaded programs: each takes a new engine, and the block is full. */
  reloads: 4,
} as const;

/** None is part of consensus. */
export const executorLimits = {
  /** Data of accounts as they were before past blocks. Blocks behind it can't be read any more. */
  historyBytes: 256 * MiB,
  /** Transactions whose signatures were found good, kept so that they aren't checked again. */
  verified: 65_536,
  /** Accounts that one read may ask for, or the simulation of a transaction show. */
  readKeys: 256,
  /** Accounts of a program that one read gives; bytes of data in any answer. */
  ownedAccounts: 65_536,
  answerBytes: 64 * MiB,
  /** Conditions on the accounts of a program, and bytes compared in each (Solana's own bounds). */
  filters: 4,
  comparedBytes: 128,
} as const;
