/**
 * An executor in a child process that is started again whenever it dies. Because an engine can abort,
 * overflow or exhaust memory, nothing of it lives in the node's own process.
 *
 * The process sees no `NODE_OPTIONS`; its stack is fixed, its memory capped (`limits.ts`), and a watchdog ends
 * it when it gives no sign of life. It ends when the channel to its host closes, however that came about.
 */
import type { TenantBudget } from "../../protocol/budget.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Vm } from "../../protocol/genesis.ts";
import type { Domain } from "../../protocol/ids.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type {
  BlockContext,
  BundleStep,
  Executor,
  Inspection,
  LegExecution,
  Seal,
  SealedHead,
  SimulatedLeg,
  StateSource,
} from "../adapter.ts";
import { packBytes } from "../byteLists.ts";
import { noLegs } from "../noLegs.ts";
import { hostLimits, type ProcessLimits } from "./limits.ts";
import { isBlockMethod, type Method } from "./messages.ts";
import { packEntries, unpackExecutions } from "./packing.ts";
import { type Death, type ExecutorProcess, startProcess } from "./process.ts";

export type HostLog = {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type HostOptions = {
  domain: Domain;
  config: Uint8Array;
  budget: TenantBudget;
  writers?: readonly string[];
  /** Asked at every start: what is stored by then, or nothing for a tenant without a sealed block. */
  source: () => StateSource | undefined;
  log: HostLog;
  runtime: Pick<Runtime, "after">;
  limits: ProcessLimits;
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
   * Rejects when that is not possible: with what the adapter refused, `executor_unstartable` if it died each time,
   * or `executor_died` if it was closed. Asked once more after that, it tries once more.
   */
  ready(): Promise<SealedHead>;
  /** Whether calls are answered now. */
  isUp(): boolean;
  /** What steps of a bundle would come to (`adapters/simulate.ts`); waits while a block is open. */
  simulate(context: BlockContext, steps: readonly BundleStep[]): Promise<SimulatedLeg | undefined>;
  /** Has the executor start again from what is stored, whatever it is doing; resolves once it is gone. */
  restart(): Promise<void>;
};

const died = (): LockstepError =>
  new LockstepError("executor_died", "the executor died with the block that was open; begin it again once it is ready");

/**
 * Starts an executor in a process of its own. One that has sealed blocks may die at its first start as at any other.
 *
 * @throws LockstepError what its adapter refuses with, or `executor_died` when a new tenant's first start fails
 */
export const hostExecutor = async (options: HostOptions & { vm: Vm }): Promise<TenantExecutor> => {
  const { vm, domain, config, budget, writers, log } = options;
  /** The newest process, and whether its executor is open. */
  let newest: ExecutorProcess;
  let isUp = false;
  let head: Promise<SealedHead>;
  let isBlockLost = false;
  let isClosed = false;
  let isGivenUp = false;
  let pauseMs: number = hostLimits.firstPauseMs;
  let wake = (): void => {};

  const start = (source: StateSource | undefined): ExecutorProcess => {
    newest = startProcess({
      vm,
      domain,
      config,
      budget,
      writers,
      source,
      runtime: options.runtime,
      limits: options.limits,
      print: (text) => log.error({ domain, vm, output: text }, "executor printed"),
    });
    return newest;
  };

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = options.runtime.after(pauseMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
      pauseMs = Math.min(2 * pauseMs, hostLimits.longestPauseMs);
    });

  const supervise = (process: ExecutorProcess, { number }: SealedHead): void => {
    isUp = true;
    log.info({ domain, vm, number, pid: process.pid }, "executor started");
    void process.ended.then((death) => {
      isUp = false;
      isBlockLost = true;
      if (isClosed) return;
      log.error({ domain, vm, ...death }, "executor died");
      startAgain();
      options.onDeath(death);
    });
  };

  const startAgain = (): void => {
    isGivenUp = false;
    head = restart();
    head.catch((error: unknown) => {
      isGivenUp = true;
      if (!isClosed) log.error({ domain, vm, error }, "executor can't be started again");
    });
  };

  const restart = async (): Promise<SealedHead> => {
    for (let deaths = 0; deaths < hostLimits.startingDeaths; deaths++) {
      if (!isClosed) await pause();
      if (isClosed) throw died();
      const process = start(options.source());
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
    const message = `the executor died ${hostLimits.startingDeaths} times in a row while it was started; look at its memory`;
    throw new LockstepError("executor_unstartable", message);
  };

  const call = async <T>(method: Method, argument?: unknown): Promise<T> => {
    if (!isUp) throw died();
    if (method === "begin" || method === "discard") isBlockLost = false;
    else if (isBlockLost && isBlockMethod(method)) throw died();
    return (await newest.call(method, argument)) as T;
  };

  const source = options.source();
  const first = start(source);
  let genesis: Seal | undefined;
  try {
    const opened = await first.opened;
    genesis = opened.genesis;
    head = Promise.resolve(opened.sealed);
    supervise(first, opened.sealed);
  } catch (error) {
    await first.stop();
    const died = error instanceof LockstepError && error.code === "executor_died";
    if (!died || source === undefined) throw error;
    log.error({ domain, vm, error }, "executor died while it was started");
    startAgain();
  }

  const executor: Executor = {
    inspect: async (transactions) => {
      const inspections: Inspection[] = [];
      for (let start = 0; start < transactions.length; start += hostLimits.inspected) {
        const some = transactions.slice(start, start + hostLimits.inspected);
        inspections.push(...(await call<Inspection[]>("inspect", packBytes(some))));
      }
      return inspections;
    },
    inspectLegs: (transactions) => call<Inspection[]>("inspectLegs", transactions),
    begin: (context) => call("begin", context),
    write: (write) => call("write", write),
    execute: async (entries) => unpackExecutions(await call("execute", packEntries(entries))),
    leg: (leg) => call<LegExecution>("leg", leg),
    // Whoever wants it explained asks for a simulation, which runs in the process.
    explain: noLegs.explain,
    checkpoint: () => call<number>("checkpoint"),
    commit: (checkpoint) => call("commit", checkpoint),
    revert: (checkpoint) => call("revert", checkpoint),
    seal: async () => {
      const seal = await call<Seal>("seal");
      pauseMs = hostLimits.firstPauseMs;
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
  const ready = (): Promise<SealedHead> => {
    if (isGivenUp && !isClosed) startAgain();
    return head;
  };
  return {
    executor,
    ...(genesis ? { genesis } : {}),
    ready,
    isUp: () => isUp,
    simulate: (context, steps) => call<SimulatedLeg | undefined>("simulate", { context, steps }),
    restart: async () => {
      if (!isUp) return void ready().catch(() => {});
      newest.kill();
      await newest.ended;
    },
  };
};
