/** Puts a load on something and measures what it does and what that costs. */
import type { Load, LoadRequest, LoadTimes } from "./load.ts";
import { busyMs, cpuMsOf, peakMiBOf } from "./procfs.ts";
import { startWorker, type Worker } from "./worker.ts";
import type { Workspace } from "./workspace.ts";

/** Process ids by kind, such as `validator`. */
export type Processes = Readonly<Record<string, readonly number[]>>;

export type Throughput = {
  transactions: number;
  times: LoadTimes;
  /** By kind: microseconds of processor time for a transaction at each process of the kind. */
  cpuMicros: Record<string, number>;
  /** Cores that these processes kept busy meanwhile, and those that everything else on the machine did. */
  cores: { own: number; elsewhere: number };
  /** By kind: most MiB that one process had resident. */
  peakMiB: Record<string, number>;
};

const byKind = (processes: Processes, of: (pids: readonly number[]) => number): Record<string, number> =>
  Object.fromEntries(
    Object.entries(processes)
      .filter(([, pids]) => pids.length > 0)
      .map(([kind, pids]) => [kind, of(pids)]),
  );

type Clock = { at: number; busy: number; own: Record<string, number> };

const readClock = (processes: Processes): Clock => ({
  at: performance.now(),
  busy: busyMs(),
  own: byKind(processes, cpuMsOf),
});

const sum = (values: Record<string, number>): number =>
  Object.values(values).reduce((total, value) => total + value, 0);

const coresBetween = (before: Clock, after: Clock): Throughput["cores"] => {
  const ms = after.at - before.at;
  const own = sum(after.own) - sum(before.own);
  return { own: own / ms, elsewhere: Math.max(0, after.busy - before.busy - own) / ms };
};

const prepare = (worker: Worker<LoadRequest, LoadTimes>, load: Load) => worker.ask({ prepare: load });

/** The warm-up comes first and isn't measured. The generator of the load counts as kind `load`. */
export const measureThroughput = (
  workspace: Workspace,
  processes: Processes,
  warmUp: Load,
  load: Load,
): Promise<Throughput> =>
  workspace.using(
    () => startWorker<LoadRequest, LoadTimes>("./load.ts"),
    async (worker) => {
      await prepare(worker, warmUp);
      await worker.ask("run");
      await prepare(worker, load);
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
