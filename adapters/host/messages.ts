/** What the host and the child process of an executor tell each other, as structured clones. */
import type { TenantBudget } from "../../protocol/budget.ts";
import { type Failure, LockstepError } from "../../protocol/errors.ts";
import type { Vm } from "../../protocol/genesis.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { Executor, OpenedExecutor } from "../adapter.ts";

export type Method = Exclude<keyof Executor, "close"> | "simulate";

/** What builds the open block; these run in the order of the calls. */
export const blockMethods = [
  "begin",
  "write",
  "execute",
  "leg",
  "checkpoint",
  "commit",
  "revert",
  "seal",
  "discard",
] as const;
export type BlockMethod = (typeof blockMethods)[number];

export const isBlockMethod = (method: Method): method is BlockMethod =>
  (blockMethods as readonly Method[]).includes(method);

/** The child's descriptor of its mark: behind standard input, output, error and the channel to the host. */
export const markDescriptor = 4;

/** The two streams of a `StateSource`. */
export type StreamName = "state" | "diffs";

export type Request = { kind: "request"; id: number; method: Method; argument: unknown };

export type ToChild =
  | {
      kind: "open";
      vm: Vm;
      domain: Domain;
      config: Uint8Array;
      budget: TenantBudget;
      writers: readonly string[] | undefined;
      restore: boolean;
    }
  /** Answers a `pull`. */
  | { kind: "part"; bytes: Uint8Array; done: boolean }
  | Request;

export type FromChild =
  | { kind: "opened"; opened: Omit<OpenedExecutor, "executor"> }
  | { kind: "refused"; failure: Failure }
  /** Asks for the next part of a stream: the child never has more of it than it asked for. */
  | { kind: "pull"; stream: StreamName }
  | { kind: "answer"; id: number; value: unknown }
  /** The engine broke: the process ends, and leaves its requests unanswered. */
  | { kind: "broken"; failure: Failure }
  | { kind: "error"; id: number; failure: Failure };

/** The error that a failure from the other side stands for. */
export const errorOf = ({ code, message, ...fields }: Failure): LockstepError =>
  new LockstepError(code, message, fields);
