/** One child process with an executor in it, from its start to its end. */
import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { TenantBudget } from "../../protocol/budget.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Vm } from "../../protocol/genesis.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { OpenedExecutor, Place, StateSource } from "../adapter.ts";
import { createLane, type Lane } from "./lane.ts";
import { hostLimits, type ProcessLimits } from "./limits.ts";
import { createMarkFile } from "./mark.ts";
import { errorOf, type FromChild, isBlockMethod, type Method, type StreamName, type ToChild } from "./messages.ts";
import { flattenPairs, toParts } from "./stream.ts";
import { watch } from "./watchdog.ts";

/** How a process ended, and what it was doing. */
export type Death = {
  pid: number | undefined;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The oldest call of the open block without an answer. */
  during: Method | undefined;
  /** What its mark says that it was executing; absent when no block was open. */
  place: Place | undefined;
  /** Whether it was ended because it gave no sign of life. */
  silent: boolean;
  /** What it said of itself before it ended. */
  reason: string | undefined;
};

export type ExecutorProcess = {
  readonly pid: number | undefined;
  /** Rejects with what the adapter refused with, or `executor_died`. */
  readonly opened: Promise<Omit<OpenedExecutor, "executor">>;
  /** Resolves when the process is gone, and every call has been rejected. */
  readonly ended: Promise<Death>;
  call(method: Method, argument: unknown): Promise<unknown>;
  kill(): void;
  stop(): Promise<void>;
};

/** Runs from TypeScript under tsx, and from what `tsc` made of it. */
const isTypeScript = import.meta.url.endsWith(".ts");
const entry = fileURLToPath(new URL(isTypeScript ? "./child.ts" : "./child.js", import.meta.url));
const loader = (): string[] =>
  isTypeScript ? ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href] : [];

/** Becomes the program that its arguments name, under limits that the system enforces. */
const limitedBy = ({ dataMiB, stackKiB }: ProcessLimits): string =>
  `ulimit -d ${1024 * dataMiB} && ulimit -s ${stackKiB} && exec "$0" "$@"`;

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
  writers: readonly string[] | undefined;
  source: StateSource | undefined;
  runtime: Pick<Runtime, "after">;
  limits: ProcessLimits;
  /** What the child printed. */
  print: (text: string) => void;
}): ExecutorProcess => {
  const { limits, runtime } = options;
  const { NODE_OPTIONS: _, ...env } = process.env;
  const mark = createMarkFile();
  const memory = [`--stack-size=${limits.javaScriptStackKiB}`, `--max-old-space-size=${limits.heapMiB}`];
  // What engines hold is outside the JavaScript heap: whoever lets go of a large one has it collected.
  const flags = [...memory, "--expose-gc", ...loader()];
  const child: ChildProcess = fork(entry, [], {
    env,
    execPath: "/bin/sh",
    execArgv: ["-c", limitedBy(limits), process.execPath, ...flags],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc", mark.descriptor],
  });
  let lastWords = "";
  for (const output of [child.stdout, child.stderr]) {
    output?.on("data", (data: Buffer) => {
      lastWords = data.subarray(0, hostLimits.logBytes).toString().trimEnd();
      options.print(lastWords);
    });
  }

  let lastId = 0;
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => {});
  };
  const laneOf = (size: { window: number; capacity: number }): Lane =>
    createLane({ ...size, nextId: () => ++lastId, send: (call) => send({ kind: "request", ...call }) });
  const block = laneOf(hostLimits.blockLane);
  const reads = laneOf(hostLimits.readLane);

  const streams = options.source && streamsOf(options.source);
  const closeStreams = (): void => {
    for (const stream of Object.values(streams ?? {})) void stream.return(undefined).catch(() => {});
  };

  let messages = 0;
  let isOpen = false;
  let silent = false;
  let reason: string | undefined;
  const unwatch = watch({
    runtime,
    everyMs: hostLimits.watchMs,
    look: () => ({
      owes: !isOpen || block.oldest() !== undefined || reads.oldest() !== undefined,
      sign: `${messages} ${mark.present()}`,
      patience: isOpen ? hostLimits.silentLooks : hostLimits.silentLooksOpening,
    }),
    onSilent: () => {
      silent = true;
      child.kill("SIGKILL");
    },
  });

  const ended = new Promise<Death>((resolve) => {
    let isOver = false;
    const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
      if (isOver) return;
      isOver = true;
      unwatch();
      closeStreams();
      const during = block.oldest();
      const death = { pid: child.pid, exitCode, signal, during, place: mark.place(), silent, reason };
      mark.close();
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
      messages++;
      switch (message.kind) {
        case "pull":
          sendPart(message.stream).catch((cause: Error) => {
            reject(new LockstepError("bad_state", `the stored state could not be read: ${cause.message}`, {}, cause));
            child.kill("SIGKILL");
          });
          break;
        case "opened":
          closeStreams();
          isOpen = true;
          resolve(message.opened);
          break;
        case "refused":
          reject(errorOf(message.failure));
          break;
        case "broken":
          reason = message.failure.message;
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
    void ended.then(() => {
      const message = `the executor died before it was ready${lastWords === "" ? "" : `: ${lastWords}`}`;
      reject(new LockstepError("executor_died", message));
    });
  });
  opened.catch(() => {});

  send({
    kind: "open",
    vm: options.vm,
    domain: options.domain,
    config: options.config,
    budget: options.budget,
    writers: options.writers,
    restore: options.source !== undefined,
  });

  return {
    pid: child.pid,
    opened,
    ended,
    call: (method, argument) => (isBlockMethod(method) ? block : reads).call(method, argument),
    kill: () => child.kill("SIGKILL"),
    stop: async () => {
      if (child.connected) child.disconnect();
      const cancel = runtime.after(hostLimits.graceMs, () => child.kill("SIGKILL"));
      await ended;
      cancel();
    },
  };
};
