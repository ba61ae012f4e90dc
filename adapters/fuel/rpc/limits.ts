/** Every cap of the Fuel tenant's GraphQL API. None is part of consensus. */

const KiB = 1024;
const MiB = 1024 * KiB;

/** Of the transport. */
export const doorLimits = {
  /** Bytes of one body: a dry run of a dozen of the largest transactions, in hexadecimal. */
  requestBytes: 4 * MiB,
  discardedBytes: 64 * MiB,
  /** Bytes of requests being worked on and of answers not yet read, over all connections. */
  bufferedBytes: 128 * MiB,
  /** Lists and objects within each other in a request. */
  jsonDepth: 16,
  /** Places for connections, and for event streams. */
  connections: 1024,
  sockets: 512,
  /** A comment on an event stream that has nothing else to say, as fuel-core sends it. */
  keepAliveMs: 15_000,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 120_000,
  connectionKeepAliveMs: 65_000,
  /** Time that running answers get when the server closes. */
  closeMs: 2_000,
} as const;

/** Of one GraphQL document; what fuels sends stays below a tenth of each but the tokens. */
export const documentLimits = {
  bytes: 64 * KiB,
  tokens: 8_000,
  /** Fields and spreads as written, over all operations and fragments. */
  selections: 1_024,
  /** Of a document as executed. Introspection as tools send it has a depth of 14. */
  depth: 16,
  /** Fields that an operation asks for at its root: getBlobs has one for each blob. */
  rootFields: 64,
  /** Fields times the length of the lists that they are in. */
  cost: 100_000,
  /** Elements that a list without a page counts for. */
  listLength: 16,
  /** Documents kept parsed and checked. */
  cached: 256,
} as const;

/** Of what is behind the fields. */
export const rpcLimits = {
  /** Reads that the executor works on at the same time; they queue with the blocks it executes. */
  reads: 4,
  waitingReads: 4096,
  /** Dry runs and estimates at the same time: each may take seconds of the executor, and blocks go on in between. */
  executions: 1,
  waitingExecutions: 256,
  /** Script gas of all transactions of a dry run, and of all runs while one is assembled, in largest transactions. */
  executedTransactions: 2n,
  /** Operations at work at the same time. */
  operations: 64,
  waitingOperations: 2048,
  /** Bytes of transactions, receipts and code in one answer. */
  answerBytes: 16 * MiB,
  /** Decoded blocks kept. */
  cachedBlocks: 512,
  cachedBlockBytes: 64 * MiB,
  /** Blocks whose transactions can be found by owner, and transactions in them. */
  indexedBlocks: 4096,
  indexedTransactions: 262_144,
  /** Entries of one page; fuels asks for 512 coins, 100 balances, 60 transactions, 5 blocks. */
  page: 512,
  /** Transactions of one dry run. */
  dryRunTransactions: 16,
  /** Assets that coins are asked for, and coins excluded, in one query. */
  spendQueries: 64,
  excludedCoins: 1_024,
  /** Coins of one owner and asset that are looked at to choose from. */
  coinsConsidered: 4_096,
  /** Dry runs of one transaction while it is assembled: each may show one more contract that it lacks. */
  assembleRounds: 64,
} as const;
