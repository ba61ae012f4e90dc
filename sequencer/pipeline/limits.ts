import { limits } from "../../protocol/limits.ts";

/** Bounds of the patience with executors. */
export const pipelineLimits = {
  /** How long a height waits for tenants that are executing it; whoever takes longer falls behind the others. */
  paceMs: 1000,
  /** Deaths of an executor at one and the same place that quarantine its tenant. */
  deathsAtPlace: 2,
  /** After so long a quarantined tenant is tried again. */
  quarantineMs: 5 * 60_000,
  /** Heights that a tenant may be behind the certified one and still take transactions in here. */
  staleHeights: 16,
  /** How far above the certified height a tenant is executed: as far as reads reach back, and diffs to a recovery's base. */
  heightsAhead: limits.readableHeights - 1,
} as const;
