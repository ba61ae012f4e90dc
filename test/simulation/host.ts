/** Executors as their supervising host shows them, in the world's time: they die, hang and start again there. */
import type { Adapter, Executor, OpenedExecutor, Place, SealedHead } from "../../adapters/adapter.ts";
import type { TenantExecutor } from "../../adapters/host/host.ts";
import { type Simulating, withSimulation } from "../../adapters/simulate.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { OpenSupervised } from "../../sequencer/roster/roster.ts";

/** What is wrong with one tenant's engine at one node; may be changed at any time. */
export type Faults = {
  /** Milliseconds that every call takes. */
  msPerCall: number;
  /** Whether the engine dies of a transaction. */
  isDeadly(transaction: Uint8Array): boolean;
  /** Whether it runs in circles on it; so long until the host ends it. */
  hangsOn(transaction: Uint8Array): boolean;
  /** Whether it fails on it, and lives on. */
  isRefused(transaction: Uint8Array): boolean;
  /** Ends the process from outside; does nothing while there is none. */
  kill(): void;
};

export const noFaults = (): Faults => ({
  msPerCall: 0,
  isDeadly: () => false,
  hangsOn: () => false,
  isRefused: () => false,
  kill: () => {},
});

const restartMs = 300;
const watchdogMs = 30_000;

type Life = {
  executor: Simulating;
  died: Promise<never>;
  die(place: Place | undefined): void;
  /** Refuses what is still asked of it. */
  end(place?: Place): void;
};

export const hostInWorld = async (
  runtime: Runtime,
  adapter: Adapter,
  { source, ...options }: Parameters<OpenSupervised>[1],
  faults: Faults,
): Promise<TenantExecutor> => {
  let life: Life | undefined;
  let head: Promise<SealedHead>;
  let isBlockLost = false;
  /** Height and entry of the open block. */
  let place: Place | undefined;

  const open = (): Promise<OpenedExecutor> => {
    const stored = source();
    return adapter.open({ ...options, ...(stored ? { source: stored } : {}) });
  };

  const live = ({ executor, sealed }: OpenedExecutor): SealedHead => {
    let reject: (error: LockstepError) => void = () => {};
    const died = new Promise<never>((_, refuse) => {
      reject = refuse;
    });
    died.catch(() => {});
    const end = (at?: Place): void =>
      reject(new LockstepError("executor_died", "the executor's process ended", { place: at }));
    const current: Life = {
      executor: withSimulation(executor),
      died,
      end,
      die: (at) => {
        if (life !== current) return;
        life = undefined;
        isBlockLost = true;
        head = restart();
        end(at);
      },
    };
    life = current;
    faults.kill = () => current.die(place);
    place = undefined;
    return sealed;
  };

  const restart = (): Promise<SealedHead> =>
    new Promise((resolve, reject) => {
      runtime.after(restartMs, () => {
        open().then(live).then(resolve, reject);
      });
    });

  const pause = (ms: number): Promise<void> => new Promise((resolve) => runtime.after(ms, resolve));
  const gone = (): LockstepError => new LockstepError("executor_died", "the executor is being started again");

  const call = async <T>(run: (executor: Simulating, current: Life) => Promise<T>): Promise<T> => {
    const current = life;
    if (current === undefined) throw gone();
    if (faults.msPerCall > 0) await Promise.race([pause(faults.msPerCall), current.died]);
    return await Promise.race([run(current.executor, current), current.died]);
  };

  const build = <T>(run: (executor: Executor, current: Life) => Promise<T>): Promise<T> =>
    isBlockLost ? Promise.reject(gone()) : call(run);

  const opened = await open();
  head = Promise.resolve(live(opened));

  const executor: Executor = {
    inspect: (transactions) => call((running) => running.inspect(transactions)),
    inspectLegs: (transactions) => call((running) => running.inspectLegs(transactions)),
    begin: (context) => {
      isBlockLost = life === undefined;
      return build((running) => {
        place = { height: context.height, at: "writes" };
        return running.begin(context);
      });
    },
    write: (write) => build((running) => running.write(write)),
    execute: (entries) =>
      build(async (running, current) => {
        const height = place?.height ?? 0;
        const deadly = entries.findIndex(({ bytes }) => faults.isDeadly(bytes));
        const endless = entries.findIndex(({ bytes }) => faults.hangsOn(bytes));
        if (deadly !== -1) runtime.after(0, () => current.die({ height, at: deadly }));
        else if (endless !== -1) runtime.after(watchdogMs, () => current.die({ height, at: endless }));
        else if (entries.some(({ bytes }) => faults.isRefused(bytes))) throw new Error("the engine is confused");
        else return running.execute(entries);
        return current.died;
      }),
    leg: (leg) =>
      build((running, current) => {
        const height = place?.height ?? 0;
        if (!faults.isDeadly(leg.bytes)) return running.leg(leg);
        runtime.after(0, () => current.die({ height, at: leg.index }));
        return current.died;
      }),
    explain: (leg, executed) => call((running) => running.explain(leg, executed)),
    checkpoint: () => build((running) => running.checkpoint()),
    commit: (id) => build((running) => running.commit(id)),
    revert: (id) => build((running) => running.revert(id)),
    seal: () =>
      build(async (running) => {
        const seal = await running.seal();
        place = undefined;
        return seal;
      }),
    discard: () => call((running) => running.discard()),
    read: (request) => call((running) => running.read(request)),
    close: async () => {
      const last = life;
      life = undefined;
      last?.end();
    },
  };
  return {
    executor,
    ...(opened.genesis ? { genesis: opened.genesis } : {}),
    ready: () => head,
    simulate: (context, steps) => call((running) => running.simulate(context, steps)),
    isUp: () => life !== undefined,
    restart: async () => life?.die(undefined),
  };
};
