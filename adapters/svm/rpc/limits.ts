/** Every cap of the SVM's JSON-RPC methods; those of the transport are in `adapters/jsonRpc/limits.ts`. */
export const rpcLimits = {
  /** Reads that the executor works on at the same time; they queue with the blocks it executes. */
  reads: 4,
  waitingReads: 4096,
  /** Decoded blocks kept. */
  cachedBlocks: 512,
  cachedBlockBytes: 64 * 2 ** 20,
  /** Of getMultipleAccounts and getSignatureStatuses, as Solana has them. */
  multipleAccounts: 100,
  signatureStatuses: 256,
  signatures: 1000,
  blocks: 500_000,
  /** Blocks whose transactions can be found by account, and transactions in them. */
  indexedBlocks: 4096,
  indexedTransactions: 262_144,
  /** Blocks that fees are suggested from. */
  feeBlocks: 150,
  /** Lamports of one airdrop, and airdrops a second. */
  airdropLamports: 10_000n * 1_000_000_000n,
  /** Keys that logs may be asked for by. */
  mentions: 1,
  /** Accounts whose transactions a priority fee is asked for. */
  feeAccounts: 128,
} as const;
