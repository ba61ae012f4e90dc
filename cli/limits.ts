/** Bounds of what the command line reads. */
const MiB = 1024 * 1024;

export const fileLimits = {
  /** Configurations and keys. */
  jsonBytes: 4 * MiB,
  genesisBytes: 256 * MiB,
  /** Of a tenant: a whole registration has to be ordered as one transaction. */
  tenantGenesisBytes: MiB,
} as const;
