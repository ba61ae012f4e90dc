/** Processor time and memory of processes, as Linux tells them under /proc (proc(5)). */
import { readFileSync } from "node:fs";

/** Milliseconds of one tick of `utime` and `stime`: USER_HZ is 100 on Linux, whatever the kernel's own clock. */
const tickMs = 10;

/** Milliseconds of processor time, user and system, from the text of /proc/<pid>/stat. */
export const parseCpuMs = (stat: string): number => {
  // The second field is the command in parentheses, which may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [utime, stime] = [Number(fields[11]), Number(fields[12])];
  if (!Number.isFinite(utime + stime)) throw new Error(`this is no /proc/<pid>/stat: ${stat.slice(0, 80)}`);
  return (utime + stime) * tickMs;
};

/** MiB of memory that the process had resident at most, from the text of /proc/<pid>/status. */
export const parsePeakMiB = (status: string): number => {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error("this /proc/<pid>/status has no VmHWM");
  return Number(kilobytes) / 1024;
};

/** Milliseconds that all processors were busy since the machine started, or taken from it, from the text of /proc/stat. */
export const parseBusyMs = (stat: string): number => {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(" ").map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  if (fields.length < 8) throw new Error("this is no /proc/stat");
  return (user + nice + system + irq + softirq + steal) * tickMs;
};

export const busyMs = (): number => parseBusyMs(readFileSync("/proc/stat", "utf8"));

/** Processor time of some processes together, in milliseconds. @throws Error when one is gone */
export const cpuMsOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + parseCpuMs(readFileSync(`/proc/${pid}/stat`, "utf8")), 0);

/** Peak memory of the largest of some processes, in MiB. @throws Error when one is gone */
export const peakMiBOf = (pids: readonly number[]): number =>
  Math.max(...pids.map((pid) => parsePeakMiB(readFileSync(`/proc/${pid}/status`, "utf8"))));
