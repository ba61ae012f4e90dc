/** One child process with an executor in it, from its start to its end. */
import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { TenantBudget } from "../../protocol/budget.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Vm } from "../../protocol/genesis.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { OpenedExecutor, StateSource } from "../adapter.ts";
import { createLane, type Lane } from "./lane.ts";
import { errorOf, type FromChild, isBlockMethod, type Method, type StreamName, type ToChild } from "./messages.ts";
import { flattenPairs, toParts } from "./stream.ts";

/** How a process ended, and what it was doing: the oldest call of the open block without an answer. */
export type Death = {
  pid: number | undefined;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  during: Method | undefined;
};

export type ExecutorProcess = {
  readonly pid: number | undefined;
  /** Rejects with what the adapter refused with, or `executor_died`. */
  readonly opened: Promise<Omit<OpenedExecutor, "executor">>;
  /** Resolves when the process is gone, and every call has been rejected. */
  readonly ended: Promise<Death>;
  call(method: Method, argument: unknown): Promise<unknown>;
  stop(): Promise<void>;
};

/** Runs from TypeScript under tsx, and from what `tsc` made of it. */
const isTypeScript = import.meta.url.endsWith(".ts");
const entry = fileURLToPath(new URL(isTypeScript ? "./child.ts" : "./child.js", import.meta.url));
const loader = (): string[] =>
  isTypeScript ? ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href] : [];

/** KiB of stack for JavaScript, the same on every validator. The engines' own calls don't nest on it. */
const stackKb = 984;

const graceMs = 5000;
const maxLogBytes = 4096;

const blockLane = { window: 64, capacity: 65_536 };
const readLane = { window: 16, capacity: 1024 };

type Streams = Record<StreamName, AsyncGenerator<Uint8Array>>;

const streamsOf = (source: StateSource): Streams => ({
  state: toParts(flattenPairs(source.state())),
  diffs: toParts(source.diffs()),
});

export const startProcess = (options: {
  vm: Vm;
  domain: Domain;
  config: Uint8Array;
  budget: TenantBudget;
  source: StateSource | undefined;
  /** Caps the child's JavaScript heap (`--max-old-space-size`); what an engine allocates is not under it. */
  memoryMb: number;
  /** What the child printed. */
  print: (text: string) => void;
}): ExecutorProcess => {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child: ChildProcess = fork(entry, [], {
    env,
    execArgv: [`--stack-size=${stackKb}`, `--max-old-space-size=${options.memoryMb}`, ...loader()],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const output of [child.stdout, child.stderr]) {
    output?.on("data", (data: Buffer) => options.print(data.subarray(0, maxLogBytes).toString().trimEnd()));
  }

  let lastId = 0;
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => {});
  };
  const laneOf = (size: { window: number; capacity: number }): Lane =>
    createLane({ ...size, nextId: () => ++lastId, send: (call) => send({ kind: "request", ...call }) });
  const block = laneOf(blockLane);
  const reads = laneOf(readLane);

  const streams = options.source && streamsOf(options.source);
  const closeStreams = (): void => {
    for (const stream of Object.values(streams ?? {})) void stream.return(undefined).catch(() => {});
  };

  const ended = new Promise<Death>((resolve) => {
    let isOver = false;
    const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
      if (isOver) return;
      isOver = true;
      closeStreams();
      const death = { pid: child.pid, exitCode, signal, during: block.oldest() };
      const error = new LockstepError("executor_died", "the executor's process ended; it is started again", death);
      block.fail(error);
      reads.fail(error);
      resolve(death);
    };
    child.once("exit", (exitCode, signal) => {
      // What the child said last may not have been read yet.
      if (child.connected) child.once("disconnect", () => end(exitCode, signal));
      else end(exitCode, signal);
    });
    child.once("error", () => {
      if (child.pid === undefined) end(null, null);
    });
  });

  const opened = new Promise<Omit<OpenedExecutor, "executor">>((resolve, reject) => {
    const sendPart = async (name: StreamName): Promise<void> => {
      const { value, done = false } = (await streams?.[name].next()) ?? { value: undefined, done: true };
      send({ kind: "part", bytes: value ?? new Uint8Array(0), done });
    };
    child.on("message", (message: FromChild) => {
      switch (message.kind) {
        case "pull":
          sendPart(message.stream).catch((cause: Error) => {
            reject(new LockstepError("bad_state", `the stored state could not be read: ${cause.message}`, {}, cause));
            child.kill("SIGKILL");
          });
          break;
        case "opened":
          closeStreams();
          resolve(message.opened);
          break;
        case "refused":
          reject(errorOf(message.failure));
          break;
        case "answer":
        case "error":
          if (!block.settle(message.id, message)) reads.settle(message.id, message);
          break;
      }
    });
    child.on("error", (cause) => {
      reject(new LockstepError("executor_died", `the executor could not be started: ${cause.message}`, {}, cause));
    });
    void ended.then(() => reject(new LockstepError("executor_died", "the executor died before it was ready")));
  });
  opened.catch(() => {});

  send({
    kind: "open",
    vm: options.vm,
    domain: options.domain,
    config: options.config,
    budget: options.budget,
    restore: options.source !== undefined,
  });

  return {
    pid: child.pid,
    opened,
    ended,
    call: (method, argument) => (isBlockMethod(method) ? block : reads).call(method, argument),
    stop: async () => {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
};
