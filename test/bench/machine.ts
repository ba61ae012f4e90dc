/** The machine that figures come from, and how busy it was with other things. */
import { availableParallelism, cpus, loadavg } from "node:os";

export type Machine = { processor: string; cores: number; node: string; loadBefore: number };

export const describeMachine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? "unknown processor",
  cores: availableParallelism(),
  node: process.version,
  loadBefore: loadavg()[0] ?? 0,
});
