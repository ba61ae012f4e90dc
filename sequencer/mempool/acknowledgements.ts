/** Who waits until transactions are on f + 1 disks. */
import type { Runtime } from "../../protocol/ports.ts";
import type { PoolEntry } from "./entry.ts";
import { poolLimits } from "./limits.ts";

export type Acknowledgements = {
  /** Resolves once f + 1 disks have these entries, or time is up, with those that are still missing there. */
  acknowledged(entries: readonly PoolEntry[]): Promise<ReadonlySet<PoolEntry>>;
  /** Takes note that nobody has to wait for the entry any more. */
  acknowledge(entry: PoolEntry): void;
};

type Submission = { missing: Set<PoolEntry>; end(): void };

export const createAcknowledgements = (runtime: Pick<Runtime, "after">): Acknowledgements => {
  /** Of each entry that is not acknowledged yet, the submission that waits for it. */
  const awaited = new Map<PoolEntry, Submission>();

  return {
    acknowledged: (entries) =>
      new Promise((resolve) => {
        const missing = new Set(entries);
        if (missing.size === 0) return resolve(missing);
        const end = () => {
          cancel();
          for (const entry of missing) awaited.delete(entry);
          resolve(missing);
        };
        const cancel = runtime.after(poolLimits.acknowledgementMs, end);
        for (const entry of entries) awaited.set(entry, { missing, end });
      }),
    acknowledge: (entry) => {
      const submission = awaited.get(entry);
      if (submission === undefined) return;
      awaited.delete(entry);
      submission.missing.delete(entry);
      if (submission.missing.size === 0) submission.end();
    },
  };
};
