/** Every cap of the EVM's JSON-RPC methods; those of the transport are in `adapters/jsonRpc/limits.ts`. */
export const rpcLimits = {
  /** Reads that the executor works on at the same time; they queue with the blocks it executes. */
  reads: 4,
  waitingReads: 4096,
  /** Of those that may take long (calls, estimates, proofs): so many at the same time, and waiting. */
  longReads: 2,
  waitingLongReads: 256,
  /** Requests that go through many blocks, or show all of one, at the same time, and waiting. */
  scans: 4,
  waitingScans: 256,
  /** Blocks that such a request looks at before other work gets its turn. */
  scannedAtOnce: 128,
  /** Decoded blocks kept, by number and by the bytes of their transactions and receipts. */
  cachedBlocks: 256,
  cachedBlockBytes: 64 * 2 ** 20,
  /** Blooms kept of blocks beyond these: 256 bytes each, nothing for an empty one. */
  cachedBlooms: 2 ** 15,
  /**
   * Blocks that one log query may cover, and logs that it may answer. So many logs are more than a
   * WebSocket may leave unread: a subscriber to a block with more is cut off, it never misses one unknowingly.
   */
  logBlocks: 10_000,
  logs: 20_000,
  /** Bytes of the data of all logs in one answer. */
  logBytes: 8 * 2 ** 20,
  /** Addresses, or choices for one topic, of a log query. */
  logChoices: 1024,
  /** Filters in use; with one more, that goes which was not polled for the longest time. */
  filters: 1024,
  /** Hashes of pending transactions kept for all filters; one that is polled too late misses the older ones. */
  filterHashes: 16_384,
  /** Filters not polled for this long are gone. */
  filterIdleMs: 5 * 60_000,
  feeHistoryBlocks: 256,
  feeHistoryPercentiles: 100,
  /** Blocks, and transactions of each, that the suggested tip looks at. */
  tipBlocks: 20,
  tipTransactions: 64,
  proofSlots: 1024,
  /** Entries of an access list or an authorization list, and keys of one entry. */
  callEntries: 4096,
  hashedBytes: 128 * 1024,
  /** Waits for execution of `eth_sendRawTransactionSync`. */
  syncDefaultMs: 20_000,
  syncMostMs: 60_000,
  syncWaiters: 4096,
  /** Recovered senders of pending transactions kept. */
  senders: 8192,
  /** Items formatted before other work gets its turn. */
  formattedAtOnce: 256,
} as const;
