/** The child process of one executor: opens it as the host says, and serves its requests one at a time. */
import { type Failure, LockstepError } from "../../protocol/errors.ts";
import type { Executor, StateSource } from "../adapter.ts";
import { loadAdapter } from "../registry.ts";
import type { FromChild, Request, StreamName, ToChild } from "./messages.ts";
import { createSchedule } from "./schedule.ts";
import { fromParts, toPairs } from "./stream.ts";

type Part = Extract<ToChild, { kind: "part" }>;
type Open = Extract<ToChild, { kind: "open" }>;

const exitCodes = { orphaned: 0, failed: 70 } as const;

const send = (message: FromChild): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, () => resolve());
  });

const failureOf = (error: unknown): Failure =>
  error instanceof LockstepError
    ? error.failure
    : { code: "executor_failed", message: `the executor failed: ${(error as Error)?.stack ?? String(error)}` };

let deliverPart: ((part: Part) => void) | undefined;

async function* pull(stream: StreamName): AsyncGenerator<Uint8Array> {
  for (let done = false; !done; ) {
    const part = new Promise<Part>((resolve) => {
      deliverPart = resolve;
    });
    await send({ kind: "pull", stream });
    const { bytes, done: last } = await part;
    yield bytes;
    done = last;
  }
}

const pulledSource: StateSource = {
  state: () => toPairs(fromParts(pull("state"))),
  diffs: () => fromParts(pull("diffs")),
};

const schedule = createSchedule();
let executor: Executor | undefined;
let isServing = false;

const serveOne = async (opened: Executor, { id, method, argument }: Request): Promise<void> => {
  try {
    const call = opened[method] as (argument: unknown) => Promise<unknown>;
    const value = await call(argument);
    await send({ kind: "answer", id, value });
  } catch (error) {
    const failure = failureOf(error);
    await send({ kind: "error", id, failure });
    if (failure.code === "executor_failed") process.exit(exitCodes.failed);
  }
};

/** Lets messages that have arrived meanwhile be read. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const serve = async (): Promise<void> => {
  if (isServing || executor === undefined) return;
  isServing = true;
  for (let request = schedule.next(); request !== undefined; request = schedule.next()) {
    await serveOne(executor, request);
    await turn();
  }
  isServing = false;
};

const open = async ({ vm, domain, config, budget, restore }: Open): Promise<void> => {
  try {
    const adapter = await loadAdapter(vm);
    const opened = await adapter.open({ domain, config, budget, ...(restore ? { source: pulledSource } : {}) });
    const { executor: openedExecutor, ...rest } = opened;
    executor = openedExecutor;
    await send({ kind: "opened", opened: rest });
    await serve();
  } catch (error) {
    await send({ kind: "refused", failure: failureOf(error) });
  }
};

process.on("message", (message: ToChild) => {
  if (message.kind === "open") void open(message);
  else if (message.kind === "part") deliverPart?.(message);
  else {
    schedule.add(message);
    void serve();
  }
});

// The host is gone, or done with this process.
process.on("disconnect", () => process.exit(exitCodes.orphaned));

// Ctrl-C reaches the whole group; the host decides when its children end.
process.on("SIGINT", () => {});
