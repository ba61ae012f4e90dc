/** Starts real devnets for tests: the command that a user runs, with the real engines. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DevnetEvent, DevnetReady } from "../../devnet/ready.ts";

const command = fileURLToPath(new URL("../../bin/lockstep.js", import.meta.url));

export type Devnet = {
  ready: DevnetReady;
  pid: number;
  dataDir: string;
  /** Process id of each validator as far as events told. */
  pids(): number[];
  /** The next event of this kind that wasn't taken yet; waits for it. */
  event<Kind extends DevnetEvent["event"]>(kind: Kind): Promise<DevnetEvent & { event: Kind }>;
  /** Ends it as Ctrl-C does; the data directory stays until `remove`. */
  stop(): Promise<void>;
  /** Ends it as a crash of the machine would, all validators included. */
  kill(): Promise<void>;
  /** Ends it and removes its data directory. */
  remove(): Promise<void>;
};

export type DevnetFlags = {
  /** Further flags of `lockstep devnet`. */
  flags?: readonly string[];
  /** To go on with the network of an earlier devnet. */
  dataDir?: string;
  /** Whether it is ready before all tenants have joined. */
  early?: boolean;
  /** Another `lockstep` than the one that was built. */
  executable?: string;
  /** Instead of this process's own. */
  environment?: NodeJS.ProcessEnv;
};

type Line = DevnetReady | DevnetEvent | { error: { code: string; message: string } };

const exitOf = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", () => resolve()));

const killPid = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It had ended already.
  }
};

/** Starts a validator as its operator would, with the files that it has; gives what ends it. */
export const startValidator = async (folder: string): Promise<() => Promise<void>> => {
  const args = [command, "node", "--config", join(folder, "node.json"), "--die-with-parent"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return async () => {
    child.kill("SIGTERM");
    await exitOf(child);
  };
};

/** Resolves once all tenants serve at every validator, or `early`; free ports, and epochs of 20 heights unless `flags` say otherwise. */
export const startDevnet = async ({
  flags = [],
  dataDir,
  early = false,
  executable = command,
  environment = process.env,
}: DevnetFlags = {}): Promise<Devnet> => {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), "lockstep-devnet-")));
  const epochs = flags.includes("--epoch-length") || dataDir !== undefined ? [] : ["--epoch-length", "20"];
  const wait = early ? [] : ["--wait", "all"];
  const place = ["--port-base", "0", "--data-dir", folder];
  const args = ["devnet", "--json", ...place, "--die-with-parent", ...wait, ...epochs, ...flags];
  const child = spawn(process.execPath, [executable, ...args], { stdio: ["pipe", "pipe", "pipe"], env: environment });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));

  const waiting: DevnetEvent[] = [];
  let wake = () => {};
  const pids: number[] = [];
  const ready = await new Promise<DevnetReady>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as Line;
      if ("ready" in line) {
        for (const { index, pid } of line.validators) pids[index] = pid;
        resolve(line);
      } else if ("event" in line) {
        if (line.event === "validator_restarted") pids[line.index] = line.pid;
        waiting.push(line);
        wake();
      }
    });
    child.once("exit", (code) => reject(new Error(`the devnet ended with ${code}: ${errors.slice(-5).join("\n")}`)));
  });

  const stop = async () => {
    child.kill("SIGINT");
    await exitOf(child);
  };

  return {
    ready,
    pid: child.pid ?? 0,
    dataDir: folder,
    pids: () => [...pids],
    event: async (kind) => {
      for (;;) {
        const at = waiting.findIndex((event) => event.event === kind);
        if (at !== -1) return waiting.splice(at, 1)[0] as never;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    stop,
    kill: async () => {
      child.kill("SIGKILL");
      pids.forEach(killPid);
      await exitOf(child);
    },
    remove: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
