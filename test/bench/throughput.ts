/** Puts a load on something and measures what it does and what that costs. */
import { byKind, type Cores, coresBetween, type Processes, readClock } from "./clock.ts";
import type { Load, LoadRequest, LoadTimes } from "./load.ts";
import { peakMiBOf } from "./procfs.ts";
import { startWorker } from "./worker.ts";
import type { Workspace } from "./workspace.ts";

/** The warm-up comes first and isn't measured. */
export type Phase = "warmUp" | "measured";

export type Throughput = {
  transactions: number;
  times: LoadTimes;
  /** By kind: microseconds of processor time for a transaction at each process of the kind. */
  cpuMicros: Record<string, number>;
  cores: Cores;
  /** By kind: most MiB that one process had resident. */
  peakMiB: Record<string, number>;
};

/**
 * The generator of the load counts as kind `load`.
 *
 * @param loadOf is asked for the load of a phase right before it
 */
export const measureThroughput = (
  workspace: Workspace,
  processes: Processes,
  loadOf: (phase: Phase) => Load | Promise<Load>,
): Promise<Throughput> =>
  workspace.using(
    () => startWorker<LoadRequest, LoadTimes>("./load.ts"),
    async (worker) => {
      await worker.ask({ prepare: await loadOf("warmUp") });
      await worker.ask("run");
      const load = await loadOf("measured");
      await worker.ask({ prepare: load });
      const all: Processes = { ...processes, load: [worker.pid] };
      const before = readClock(all);
      const times = await worker.ask("run");
      const after = readClock(all);
      const { transactions } = load;
      const cpuMicros = Object.fromEntries(
        Object.entries(after.own).map(([kind, ms]) => {
          const micros = 1000 * (ms - (before.own[kind] ?? 0));
          return [kind, micros / transactions / (all[kind]?.length ?? 1)];
        }),
      );
      return { transactions, times, cpuMicros, cores: coresBetween(before, after), peakMiB: byKind(all, peakMiBOf) };
    },
  );
