/** Transfers of several VMs at once through one network, for as long as each has some left. */
import { byKind, type Cores, coresBetween, type Processes, readClock } from "./clock.ts";
import type { EngineRate } from "./engine.ts";
import type { LoadRequest, LoadTimes } from "./load.ts";
import { startNetwork } from "./network.ts";
import { peakMiBOf } from "./procfs.ts";
import type { Phase } from "./throughput.ts";
import type { VmName } from "./vms/part.ts";
import { networkLoad, type Signed } from "./vmThroughput.ts";
import { startWorker } from "./worker.ts";
import type { Workspace } from "./workspace.ts";

export type Together = {
  /** From the first submission until the first VM's transfers were all executed: what is counted. */
  ms: number;
  /** `executed`: transfers in that time. */
  vms: { vm: VmName; executed: number; times: LoadTimes }[];
  /** Meanwhile. */
  cores: Cores;
  peakMiB: Record<string, number>;
};

/** Counts for each VM what was executed before the first of them had nothing left. */
export const countTogether = (loads: readonly { vm: VmName; times: LoadTimes }[]): Pick<Together, "ms" | "vms"> => {
  const ms = Math.min(...loads.map(({ times }) => times.executed));
  const within = ({ steps = [] }: LoadTimes) => steps.findLast((step) => step.ms <= ms)?.transactions ?? 0;
  return { ms, vms: loads.map(({ vm, times }) => ({ vm, executed: within(times), times })) };
};

const startGenerators = (count: number) => {
  const workers = Array.from({ length: count }, () => startWorker<LoadRequest, LoadTimes>("./load.ts"));
  return {
    workers,
    end: async () => {
      await Promise.all(workers.map((worker) => worker.end()));
    },
  };
};

export const measureTogether = (
  workspace: Workspace,
  parts: readonly { vm: VmName; signed: Signed; engine: EngineRate }[],
): Promise<Together> =>
  workspace.using(
    () =>
      startNetwork(
        workspace,
        4,
        parts.map(({ vm }) => vm),
      ),
    (network) =>
      workspace.using(
        () => startGenerators(parts.length),
        async ({ workers }) => {
          const processes: Processes = {
            validator: network.validators,
            executor: network.executors,
            load: workers.map(({ pid }) => pid),
          };
          const run = async (phase: Phase) => {
            const loads = await Promise.all(
              parts.map(({ vm, signed, engine }) => networkLoad(vm, phase, signed, network, engine.gas)),
            );
            await Promise.all(workers.map((worker, i) => worker.ask({ prepare: loads[i] as (typeof loads)[0] })));
            const before = readClock(processes);
            const running = workers.map((worker) => worker.ask("run"));
            await Promise.race(running);
            const cores = coresBetween(before, readClock(processes));
            const times = await Promise.all(running);
            return { cores, loads: parts.map(({ vm }, i) => ({ vm, times: times[i] as LoadTimes })) };
          };
          await run("warmUp");
          const { cores, loads } = await run("measured");
          return { ...countTogether(loads), cores, peakMiB: byKind(processes, peakMiBOf) };
        },
      ),
  );
