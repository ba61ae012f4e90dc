/** The child process of one executor: opens it as the host says, and serves its requests one at a time. */
import { type Failure, LockstepError } from "../../protocol/errors.ts";
import type { BlockContext, StateSource } from "../adapter.ts";
import { loadAdapter } from "../registry.ts";
import { withSimulation } from "../simulate.ts";
import { openMark } from "./mark.ts";
import {
  type FromChild,
  isBlockMethod,
  type Method,
  markDescriptor,
  type Request,
  type StreamName,
  type ToChild,
} from "./messages.ts";
import { type PackedExecutor, packed } from "./packing.ts";
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

const mark = openMark(markDescriptor);
const schedule = createSchedule();
let executor: PackedExecutor | undefined;
let isServing = false;

const markCall = (method: Method, argument: unknown): void => {
  if (method === "begin") mark.begin((argument as BlockContext).height);
  else if (method === "seal") mark.seal();
  else if (!isBlockMethod(method)) mark.setAside();
  else mark.resume();
};

const serveOne = async (opened: PackedExecutor, { id, method, argument }: Request): Promise<void> => {
  try {
    markCall(method, argument);
    const call = opened[method] as (argument: unknown) => Promise<unknown>;
    const value = await call(argument);
    if (method === "seal" || method === "discard") mark.clear();
    await send({ kind: "answer", id, value });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code !== "executor_failed") return await send({ kind: "error", id, failure });
    await send({ kind: "broken", failure });
    process.exit(exitCodes.failed);
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

const open = async ({ vm, domain, config, budget, writers, restore }: Open): Promise<void> => {
  try {
    const adapter = await loadAdapter(vm);
    const opened = await adapter.open({
      domain,
      config,
      budget,
      mark,
      ...(writers === undefined ? {} : { writers }),
      ...(restore ? { source: pulledSource } : {}),
    });
    const { executor: openedExecutor, ...rest } = opened;
    executor = packed(withSimulation(openedExecutor));
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
