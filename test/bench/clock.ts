/** What processes cost between two moments. */
import { busyMs, cpuMsOf } from "./procfs.ts";

/** Process ids by kind, such as `validator`. */
export type Processes = Readonly<Record<string, readonly number[]>>;

export const byKind = (processes: Processes, of: (pids: readonly number[]) => number): Record<string, number> =>
  Object.fromEntries(
    Object.entries(processes)
      .filter(([, pids]) => pids.length > 0)
      .map(([kind, pids]) => [kind, of(pids)]),
  );

/** Milliseconds: of the clock, and of processor time. */
export type Clock = { at: number; busy: number; own: Record<string, number> };

export const readClock = (processes: Processes): Clock => ({
  at: performance.now(),
  busy: busyMs(),
  own: byKind(processes, cpuMsOf),
});

const sum = (values: Record<string, number>): number =>
  Object.values(values).reduce((total, value) => total + value, 0);

/** Cores that the processes kept busy meanwhile, and those that everything else on the machine did. */
export type Cores = { own: number; elsewhere: number };

export const coresBetween = (before: Clock, after: Clock): Cores => {
  const ms = after.at - before.at;
  const own = sum(after.own) - sum(before.own);
  return { own: own / ms, elsewhere: Math.max(0, after.busy - before.busy - own) / ms };
};
