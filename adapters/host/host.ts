/**
 * An executor in a child process that is started again whenever it dies. Because an engine can abort,
 * overflow or exhaust memory, nothing of it lives in the node's own process.
 *
 * The process sees no `NODE_OPTIONS`; its stack is fixed (`--stack-size`), its JavaScript heap capped
 * (`--max-old-space-size`). It ends when the channel to its host closes, however that came about.
 */
import type { TenantBudget } from "../../protocol/budget.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Vm } from "../../protocol/genesis.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { Execution, Executor, Inspection, Seal, SealedHead, StateSource } from "../adapter.ts";
import { isBlockMethod, type Method } from "./messages.ts";
import { type Death, type ExecutorProcess, startProcess } from "./process.ts";

export type HostLog = {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type HostOptions = {
  domain: Domain;
  config: Uint8Array;
  budget: TenantBudget;
  /** Asked at every start: what is stored by then, or nothing for a tenant without a sealed block. */
  source: () => StateSource | undefined;
  log: HostLog;
  limits: { memoryMb: number };
  /** Called for each end of the process that `close` did not cause. */
  onDeath: (death: Death) => void;
};

export type TenantExecutor = {
  /**
   * After a death, calls on the open block are refused with `executor_died` until a new block begins:
   * what was open is gone.
   */
  executor: Executor;
  /** Block 0, where the tenant was opened without a source. */
  genesis?: Seal;
  /**
   * The newest sealed block that the running executor started from; waits while it is started again.
   * Rejects when that is not possible: with what the adapter refused, or `executor_died` if it was closed.
   */
  ready(): Promise<SealedHead>;
};

const firstPauseMs = 100;
const longestPauseMs = 10_000;

const died = (): LockstepError =>
  new LockstepError("executor_died", "the executor died with the block that was open; begin it again once it is ready");

/**
 * Starts an executor in a process of its own.
 *
 * @throws LockstepError what its adapter refuses with, or `executor_died` when the first start fails
 */
export const hostExecutor = async (options: HostOptions & { vm: Vm }): Promise<TenantExecutor> => {
  const { vm, domain, config, budget, log } = options;
  /** The newest process, and whether its executor is open. */
  let newest: ExecutorProcess;
  let isUp = false;
  let head: Promise<SealedHead>;
  let isBlockLost = false;
  let isClosed = false;
  let pauseMs = firstPauseMs;
  let wake = (): void => {};

  const start = (): ExecutorProcess => {
    newest = startProcess({
      vm,
      domain,
      config,
      budget,
      source: options.source(),
      memoryMb: options.limits.memoryMb,
      print: (text) => log.error({ domain, vm, output: text }, "executor printed"),
    });
    return newest;
  };

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    });

  const supervise = (process: ExecutorProcess, { number }: SealedHead): void => {
    isUp = true;
    log.info({ domain, vm, number, pid: process.pid }, "executor started");
    void process.ended.then((death) => {
      isUp = false;
      isBlockLost = true;
      if (isClosed) return;
      log.error({ domain, vm, ...death }, "executor died");
      head = restart();
      head.catch((error: unknown) => log.error({ domain, vm, error }, "executor can't be started again"));
      options.onDeath(death);
    });
  };

  const restart = async (): Promise<SealedHead> => {
    for (;;) {
      if (!isClosed) await pause();
      if (isClosed) throw died();
      const process = start();
      try {
        const { sealed } = await process.opened;
        supervise(process, sealed);
        return sealed;
      } catch (error) {
        await process.stop();
        if (!(error instanceof LockstepError) || error.code !== "executor_died") throw error;
        log.error({ domain, vm, error }, "executor died while it was started");
      }
    }
  };

  const call = async <T>(method: Method, argument?: unknown): Promise<T> => {
    if (!isUp) throw died();
    if (method === "begin" || method === "discard") isBlockLost = false;
    else if (isBlockLost && isBlockMethod(method)) throw died();
    return (await newest.call(method, argument)) as T;
  };

  const first = start();
  const opened = await first.opened.catch(async (error: unknown) => {
    await first.stop();
    throw error;
  });
  head = Promise.resolve(opened.sealed);
  supervise(first, opened.sealed);

  const executor: Executor = {
    inspect: (transactions) => call<Inspection[]>("inspect", transactions),
    begin: (context) => call("begin", context),
    write: (write) => call("write", write),
    execute: (entries) => call<Execution[]>("execute", entries),
    checkpoint: () => call<number>("checkpoint"),
    commit: (checkpoint) => call("commit", checkpoint),
    revert: (checkpoint) => call("revert", checkpoint),
    seal: async () => {
      const seal = await call<Seal>("seal");
      pauseMs = firstPauseMs;
      return seal;
    },
    discard: () => call("discard"),
    read: (request) => call("read", request),
    close: async () => {
      isClosed = true;
      wake();
      await newest.stop();
      await head.catch(() => {});
    },
  };
  return { executor, ...(opened.genesis ? { genesis: opened.genesis } : {}), ready: () => head };
};
