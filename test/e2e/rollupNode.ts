/** The example of a rollup that executes elsewhere, as processes of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Hex } from "../../protocol/bytes.ts";
import { rpc } from "./api.ts";
import { dataDomain, devnet } from "./network.ts";

const script = fileURLToPath(new URL("../../dist/devnet/examples/rollup-node/main.js", import.meta.url));

/** Its chain's id, which Lockstep has no part in. */
export const rollupChainId = 4242;

const spawnNode = (apis: readonly string[], folder: string): ChildProcess => {
  const flags = ["--trust", devnet.trustedRoot, "--domain", String(dataDomain), "--data-dir", folder, "--port", "0"];
  return spawn(process.execPath, [script, ...apis, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
};

export type RollupHead = { height: number; number: number; hash: Hex; stateRoot: Hex; timestamp: number };

export type RollupNode = {
  ask<T>(method: string, ...params: unknown[]): Promise<T>;
  head(): Promise<RollupHead>;
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
};

/** Resolves once it serves; its state is kept in `folder`. */
export const startRollupNode = async (apis: readonly string[], folder: string): Promise<RollupNode> => {
  const child = spawnNode(apis, folder);
  const ended = once(child, "exit");
  const errors: string[] = [];
  child.stderr?.on("data", (part) => errors.push(String(part)));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const served = /^serves (\S+);/.exec(line)?.[1];
      if (served !== undefined) resolve(served);
    });
    ended.then(() => reject(new Error(`the rollup's node ended: ${errors.join("")}`)));
  });
  const ask = async <T>(method: string, ...params: unknown[]): Promise<T> => {
    const { result, error } = await rpc(url, method, ...params);
    if (error !== undefined) throw new Error(error.message);
    return result as T;
  };
  return {
    ask,
    head: () => ask("rollup_head"),
    kill: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
};

/** Runs it to its end, which comes when no API is left that it believes. */
export const runRollupNode = async (
  apis: readonly string[],
  folder: string,
): Promise<{ code: number | null; err: string }> => {
  const child = spawnNode(apis, folder);
  const err = text(child.stderr as NodeJS.ReadableStream);
  child.stdout?.resume();
  const [code] = await once(child, "exit");
  return { code, err: await err };
};
