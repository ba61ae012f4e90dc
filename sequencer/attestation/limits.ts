/** Bounds of what a node keeps of what validators say about execution; local to each node. */
export const attestationLimits = {
  /** How far above the newest certificate attestations are kept: one of each signer and height. */
  heights: 256,
  /** How far above the finalized height it is listened to that a tenant can't be executed, and how often that is told. */
  cannotHeights: 256,
  cannotMs: 5_000,
  /** How often the newest own attestation is sent again while it isn't certified. */
  resendMs: 1_000,
  /** Summaries kept in memory, requests of one peer that wait for the disk, and when another peer is asked. */
  cachedSummaries: 256,
  unservedPerPeer: 64,
  summaryRetryMs: 300,
} as const;
