/** Every bound of a node's mempool; local, so validators may differ in them. */
const MiB = 1024 * 1024;

export const poolLimits = {
  laneTransactions: 65_536,
  laneBytes: 128 * MiB,
  senderTransactions: 4096,
  /** Of one sender on their way into a block: as many may come to be unpaid when the first takes all it has. */
  senderInFlight: 256,
  /** How far above the executed nonce a transaction may be. */
  nonceDistance: 4096,
  /** Held for others and in no batch, of one source: a peer, or the producer of batches that were passed over. */
  heldTransactions: 32_768,
  heldBytes: 16 * MiB,
  /** After this a holder puts a peer's transaction into a batch itself; later if that peer is there and may be busy. */
  holderDelayMs: 5_000,
  busyHolderDelayMs: 60_000,
  /** A transaction that could not be ordered for this long ends as `expired`; one held for a peer is forgotten. */
  lifetimeMs: 3 * 3_600_000,
  /** Transactions held for peers that are looked at in a second, and senders waiting for a nonce after one block. */
  heldPerTick: 256,
  waitingPerBlock: 256,
  /** How often the executor may return a transaction before it ends as `evicted`. */
  maxReturns: 16,
  /** How often a transaction that peers have not journaled is sent again. */
  resendMs: 2_000,
  /** What has not gone into a batch by then is journaled by peers on its own. */
  unbatchedMs: 1_000,
  /** How long a submission waits for f peers before it is answered as not acknowledged. */
  acknowledgementMs: 10_000,
} as const;
