import { expect, test } from "vitest";
import { busyMs, cpuMsOf, parseBusyMs, parseCpuMs, parsePeakMiB, peakMiBOf } from "./procfs.ts";

const rest = "S 1 1 1 0 -1 4194560 1000 0 0 0 250 50 7 7 20 0 11 0 12345 1000000 2000 18446744073709551615";

test("processor time is user and system time, without that of children", () => {
  expect(parseCpuMs(`4711 (node) ${rest}`)).toBe(3000);
});

test("a command may hold spaces and parentheses", () => {
  expect(parseCpuMs(`4711 (my (odd) name) ${rest}`)).toBe(3000);
});

test("peak memory is VmHWM, in MiB", () => {
  expect(parsePeakMiB("Name:\tnode\nVmPeak:\t  999999 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n")).toBe(20);
});

test("a machine is busy with everything but idling and waiting for disks", () => {
  expect(parseBusyMs("cpu  1 2 4 1000 2000 8 16 32 1 1\ncpu0 1 2 4 1000 2000 8 16 32 1 1\n")).toBe(630);
});

test("other texts are refused", () => {
  expect(() => parseBusyMs("cpu0 1 2 3 4 5 6 7 8\n")).toThrow("no /proc/stat");
  expect(() => parseCpuMs("4711 (node) S 1")).toThrow("no /proc/<pid>/stat");
  expect(() => parsePeakMiB("Name:\tkthreadd\n")).toThrow("no VmHWM");
});

test.runIf(process.platform === "linux")("this process has used some of both", () => {
  const { user, system } = process.cpuUsage();
  expect(cpuMsOf([process.pid])).toBeGreaterThan((user + system) / 1000 - 1000);
  expect(cpuMsOf([process.pid, process.pid])).toBeGreaterThanOrEqual(2 * cpuMsOf([process.pid]) - 2000);
  expect(busyMs()).toBeGreaterThan(0);
  expect(peakMiBOf([process.pid])).toBeGreaterThan(10);
});
