/** Every cap of Starknet's JSON-RPC methods; those of the transport are in `adapters/jsonRpc/limits.ts`. */
export const rpcLimits = {
  /** Reads that the executor works on at the same time; they queue with the blocks it executes. */
  reads: 4,
  waitingReads: 4096,
  /** Of those that execute code or compile a class: so many at the same time, and waiting. */
  longReads: 2,
  waitingLongReads: 256,
  /** Requests that go through many blocks, or show all of one, at the same time, and waiting. */
  scans: 4,
  waitingScans: 256,
  /** Blocks that such a request looks at before other work gets its turn. */
  scannedAtOnce: 64,
  /** Decoded blocks kept, by number and by the bytes of their transactions and receipts. */
  cachedBlocks: 256,
  cachedBlockBytes: 64 * 2 ** 20,
  /** Numbers of blocks known to have no events. */
  blocksWithoutEvents: 2 ** 15,
  /** Events of one page, and blocks that one page may look through; it ends with a token to go on from. */
  eventPage: 1024,
  eventBlocks: 4096,
  /** Positions of a key filter, and choices in all of them; addresses of a filter. */
  eventKeys: 64,
  eventKeyChoices: 1024,
  eventAddresses: 256,
  /** Felts of call data, of a signature, and transactions of one estimate. */
  calldata: 2 ** 16,
  signature: 4096,
  estimated: 64,
  /** Blocks, contracts and keys of one storage proof. */
  proofClasses: 64,
  proofContracts: 64,
  proofKeys: 256,
  /** Blocks before the newest from which a subscription may start, as Starknet has it. */
  subscriptionBlocks: 1024,
  subscriptionAddresses: 1024,
  /** Contracts that a state update is asked for. */
  updateContracts: 256,
} as const;
