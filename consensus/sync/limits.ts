/** Every cap of fetching finalized blocks. Those of messages are wire format. */

const KiB = 1024;
const MiB = 1024 * KiB;

const replyBytes = MiB;

export const syncLimits = {
  /** Blocks asked for at once. */
  requestBlocks: 64,
  /** Blocks of a reply, which runs on until a finalization certifies its last one. */
  replyBlocks: 512,
  /** Their bytes. */
  replyBytes,
  /** Largest message: such a reply with the offsets of its blocks. */
  messageBytes: replyBytes + 16 * KiB,

  /** Requests of one peer answered at a time. */
  served: 8,
  /** Bytes of blocks read for one peer: a second, and how far a burst may exceed that. What is beyond waits. */
  servedRate: 32 * MiB,
  servedBurst: 64 * MiB,

  /** Ranges under way at a client. */
  ranges: 8,
  /** A peer that does not answer in this time is passed over. */
  replyMs: 3000,
} as const;
