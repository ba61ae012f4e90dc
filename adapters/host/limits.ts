/** Bounds of what is on its way to the process of an executor. */
export const hostLimits = {
  /** Requests that build the block: unanswered, and waiting behind them. */
  block: { window: 64, capacity: 65_536 },
  /** Reads, and transactions to inspect. */
  reads: { window: 16, capacity: 1024 },
  /** Blocks sealed between two reads while more blocks wait. */
  sealsPerRead: 8,
  /** Of what the process prints at a time, for the log. */
  printedBytes: 4096,
} as const;
