/** Every bound on an executor's process, and on the patience with it. */

/** What a process may use of memory and stack: the same at every validator, and never an outcome. */
export const processLimits = {
  /** Writable memory in MiB, engine and JavaScript together (RLIMIT_DATA); beyond it allocations fail. */
  dataMiB: 4096,
  /** JavaScript heap in MiB (`--max-old-space-size`). */
  heapMiB: 1024,
  /** Stack in KiB (RLIMIT_STACK), and what JavaScript may use of it (`--stack-size`): engines nest on the rest. */
  stackKiB: 8192,
  javaScriptStackKiB: 984,
} as const;
export type ProcessLimits = { readonly [figure in keyof typeof processLimits]: number };

export const hostLimits = {
  /** Requests sent and not answered, and those that wait behind them. */
  blockLane: { window: 64, capacity: 65_536 },
  readLane: { window: 16, capacity: 1024 },
  /** Transactions inspected by one request: an executor that checks signatures in its VM needs milliseconds for each. */
  inspected: 128,
  /** Blocks sealed between two reads while more blocks wait. */
  sealsPerRead: 8,
  /** Of one thing that the process printed. */
  logBytes: 4096,
  /** How long a process may take to end by itself. */
  graceMs: 5000,
  /** Before a dead process is started again: doubles with each death, until a block is sealed. */
  firstPauseMs: 100,
  longestPauseMs: 10_000,
  /** Deaths in a row before a start succeeded that are too many. */
  startingDeaths: 10,
  /** How often the watchdog looks, and after how many looks without a sign of life it ends the process. */
  watchMs: 10_000,
  silentLooks: 3,
  /** The same while the process builds what it loaded. */
  silentLooksOpening: 60,
} as const;
