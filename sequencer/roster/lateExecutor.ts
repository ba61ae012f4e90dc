/**
 * An executor that may not open yet, because its engine is being built or its process dies: it is tried again
 * until it does. Until then it answers as one that is being restarted.
 */
import type { Executor, Seal, SealedHead } from "../../adapters/adapter.ts";
import type { TenantExecutor } from "../../adapters/host/host.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Runtime } from "../../protocol/ports.ts";

const retryMs = 2_000;

export type LateExecutor = Omit<TenantExecutor, "genesis"> & {
  /** Block 0, of a tenant without stored blocks; waits until the executor is open. */
  genesis(): Promise<Seal>;
  /** Why it does not open; absent once it has. */
  problem(): string | undefined;
};

const away = (): LockstepError => new LockstepError("executor_died", "the tenant's executor is not open yet");

export const createLateExecutor = (
  open: () => Promise<TenantExecutor>,
  runtime: Pick<Runtime, "after">,
): LateExecutor => {
  let opened: TenantExecutor | undefined;
  let problem: string | undefined;
  let isClosed = false;
  let wake = (): void => {};

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = runtime.after(retryMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  const openAtLast = async (): Promise<TenantExecutor> => {
    while (!isClosed) {
      try {
        opened = await open();
        problem = undefined;
        if (isClosed) await opened.executor.close();
        return opened;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        await pause();
      }
    }
    throw away();
  };
  const opening = openAtLast();
  opening.catch(() => {});

  const executor = (): Executor => {
    if (opened === undefined) throw away();
    return opened.executor;
  };

  return {
    executor: {
      inspect: async (transactions) => executor().inspect(transactions),
      inspectLegs: async (transactions) => executor().inspectLegs(transactions),
      begin: async (context) => executor().begin(context),
      write: async (write) => executor().write(write),
      execute: async (entries) => executor().execute(entries),
      leg: async (leg) => executor().leg(leg),
      explain: async (leg, executed) => executor().explain(leg, executed),
      checkpoint: async () => executor().checkpoint(),
      commit: async (id) => executor().commit(id),
      revert: async (id) => executor().revert(id),
      seal: async () => executor().seal(),
      discard: async () => executor().discard(),
      read: async (request) => executor().read(request),
      close: async () => {
        isClosed = true;
        wake();
        await opened?.executor.close();
      },
    },
    ready: async (): Promise<SealedHead> => (await opening).ready(),
    isUp: () => opened?.isUp() ?? false,
    simulate: async (context, steps) => {
      if (opened === undefined) throw away();
      return await opened.simulate(context, steps);
    },
    restart: async () => await opened?.restart(),
    genesis: async () => {
      const { genesis } = await opening;
      if (genesis === undefined) throw new LockstepError("store_corrupt", "the tenant was opened without a block 0");
      return genesis;
    },
    problem: () => problem,
  };
};
