/** Every limit that is part of the wire format or of block validity. Changing one forks the chain. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  tenants: 2 ** 10,
  validators: 2 ** 10,
  /** Entries (transactions and legs) of one tenant in one block. */
  sliceEntries: 2 ** 16,
  batchesPerBlock: 2 ** 6,
  bundlesPerBlock: 2 ** 12,
  /** Legs of one bundle, and its bytes. */
  bundleLegs: 16,
  bundleBytes: 512 * KiB,
  /** Places in a leg at which its bundle's id stands. */
  idOffsets: 16,
  bundleFills: 16,
  /** Of a tenant's burst of gas, what the legs of one block may ask for. */
  bundlePercent: 25,
  /** A bundle may wait for this many heights. */
  bundleHeights: 1024,
  /** Bundles of one sponsor whose nonces are remembered, until they can't be executed any more. */
  sponsorNonces: 4096,
  /** Withdrawals of one sponsor that are not paid yet. */
  pendingWithdrawals: 16,
  /** Body of a message between contracts within a bundle. */
  syncBodyBytes: 256,
  batchTransactions: 8192,
  batchBytes: 4 * MiB,
  /** Sum of the encoded batches of a block. */
  blockBytes: 16 * MiB,
  /** The largest canonical transaction of any VM (Cairo). */
  transactionBytes: 2 * MiB,
  /** Canonical bytes of one applied or omitted item of a tenant's inputs. */
  inputBytes: 2 * MiB,
  /** Sponsors' deposits that a network starts with. */
  genesisDeposits: 2 ** 12,
  tenantConfigBytes: 16 * MiB,
  tenantNameBytes: 64,
  tenantWriters: 2 ** 10,
  writerBytes: 64,
  /** Of one tenant, after its activation. */
  statusChanges: 2 ** 12,
  /** Registered tenants that are not active yet, and how long one may stay so, by the chain's time. */
  pendingTenants: 16,
  pendingMs: 600_000,
  /** What live validators that are late have of a registration: after this two thirds are enough. */
  readinessMs: 60_000,
  /** How far ahead of its own clock a validator still votes for a header. */
  clockDriftMs: 500,
  /** With a longer gap between height and certified height, only empty blocks and those of the control ledger are valid. */
  uncertifiedHeights: 64,
  /** Entries that one recovery leaves out. */
  skippedEntries: 2 ** 10,
  /** What each hopeless transaction that it had ordered takes from a producer's largest batch. */
  hopelessBytes: 64 * KiB,
  /** What of that comes back in a second of the chain's time, and the most that is remembered. */
  pardonedBytes: 64 * KiB,
  penaltyBytes: 64 * MiB,
  /** Largest rate and burst of a budget: a second of one and all of the other stay exact integers. */
  allowance: 10 ** 12,
  /** Heights at which an executor still answers reads and proofs. */
  readableHeights: 256,
  /** Diffs kept of a tenant: an EVM that goes back by the readable heights still knows 256 hashes before them. */
  storedDiffs: 512,
} as const;

/** Largest canonical transaction of each VM, bytes. */
export const transactionLimits = {
  evm: 128 * KiB,
  svm: 1232,
  cairo: 2 * MiB,
  fuel: 128 * KiB,
  data: 128 * KiB,
} as const;

/** Largest control transaction, bytes. */
export const controlTransactionBytes = 640 * KiB;
