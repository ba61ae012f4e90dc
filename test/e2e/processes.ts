/** Processes of this machine, as its process table shows them. */
import { execFileSync } from "node:child_process";

type Process = { pid: number; parent: number; command: string };

const processTable = (): Process[] =>
  execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });

/** Processes of the tenants' executors under a validator. */
export const executorsOf = (validator: number): number[] =>
  processTable()
    .filter(({ parent, command }) => parent === validator && /adapters\/host\/child\.[jt]s/.test(command))
    .map(({ pid }) => pid);
