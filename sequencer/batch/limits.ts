/** Bounds of what a node holds of batches that no block has taken yet; local to each node. */
const MiB = 1024 * 1024;

export const batchLimits = {
  /** Of one producer. */
  openBatches: 64,
  openBytes: 64 * MiB,
  /** Batches of one peer that wait for their signature check. */
  uncheckedPerPeer: 64,
  /** Own batches on their way into a block; more transactions wait for the next batch. */
  inFlight: 4,
  /** A batch smaller than this waits for `lingerMs` while others of this node's are in flight. */
  fullEnoughBytes: 256 * 1024,
  lingerMs: 10,
  /** How soon to look again for capacity where a tenant has none left. */
  capacityMs: 50,
  /** How long a proposer waits for the batch before one that it holds, before it passes over it. */
  gapMs: 1_000,
  /** Digests in one request, of one peer that wait for their answer, and how long to wait before another peer is asked. */
  requestDigests: 64,
  unservedPerPeer: 256,
  requestRetryMs: 400,
  /** Bytes of batches read for one peer that asks: a second, and how far a burst may exceed that. What is beyond waits. */
  servedRate: 32 * MiB,
  servedBurst: 32 * MiB,
  /** How often a batch that lacks acknowledgements is sent again. */
  resendMs: 2_000,
} as const;
