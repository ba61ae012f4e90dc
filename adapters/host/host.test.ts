import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createRuntime } from "../../consensus/runtime/runtime.ts";
import { usualBudgets } from "../../protocol/budget.ts";
import { utf8 } from "../../protocol/bytes.ts";
import type { LockstepError } from "../../protocol/errors.ts";
import type { Vm } from "../../protocol/genesis.ts";
import { asDomain } from "../../protocol/ids.ts";
import type { StateSource } from "../adapter.ts";
import { contextOf, createStore, declared, runBlock, type Store } from "../complianceChain.ts";
import { dataAdapter } from "../data/adapter.ts";
import { hostExecutor, type TenantExecutor } from "./host.ts";
import { hostLimits, processLimits } from "./limits.ts";
import { openTenantExecutor } from "./open.ts";
import type { Death } from "./process.ts";

const domain = asDomain(1);
const open: TenantExecutor[] = [];
const pids: number[] = [];

const optionsFor = (source: () => StateSource | undefined) => ({
  domain,
  config: utf8("{}"),
  budget: usualBudgets.data,
  source,
  log: { info: ({ pid }: { pid?: number }) => void (pid !== undefined && pids.push(pid)), error: () => {} },
  runtime: createRuntime(),
  limits: processLimits,
  onDeath: () => {},
});

const host = async (source: () => StateSource | undefined): Promise<TenantExecutor> => {
  const hosted = await hostExecutor({ ...optionsFor(source), vm: "data" });
  open.push(hosted);
  return hosted;
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const waitFor = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries++) {
    if (tries === 1000) throw new Error("waited in vain");
    await sleep(10);
  }
};

const lastPid = (): number => pids.at(-1) ?? 0;

const genesisOf = ({ genesis }: TenantExecutor) => {
  if (genesis === undefined) throw new Error("no genesis");
  return genesis;
};

describe("a hosted executor", () => {
  afterEach(async () => {
    for (const { executor } of open.splice(0)) await executor.close();
  });

  it("runs a whole block without waiting for an answer", async () => {
    const hosted = await host(() => undefined);
    const { executor } = hosted;
    const calls = [
      executor.begin(contextOf(1, genesisOf(hosted).blockHash)),
      executor.execute([{ bytes: utf8("a"), gas: [1] }]),
      executor.checkpoint(),
      executor.execute([utf8("b"), utf8("c")].map((bytes) => ({ bytes, gas: [1] }))),
      executor.revert(0),
      executor.seal(),
    ];
    const [, , checkpoint, , , seal] = await Promise.all(calls);
    expect(checkpoint).toBe(0);
    const alone = await dataAdapter.open({ domain, config: utf8(""), budget: usualBudgets.data });
    expect(seal).toEqual(
      (await runBlock(dataAdapter, alone.executor, 1, genesisOf(hosted).blockHash, [utf8("a")])).seal,
    );
  });

  it("passes on what the adapter refuses, and leaves no process behind", async () => {
    const options = { ...optionsFor(() => undefined), vm: "data" as const, config: utf8("nonsense") };
    await expect(hostExecutor(options)).rejects.toMatchObject({ code: "bad_config" });
    await expect(hostExecutor({ ...options, vm: "wasm" as Vm })).rejects.toMatchObject({ code: "unknown_vm" });
  });

  it("streams a long history into the child", async () => {
    const store = createStore();
    const { executor, genesis } = await dataAdapter.open({ domain, config: utf8(""), budget: usualBudgets.data });
    if (genesis === undefined) throw new Error("no genesis");
    store.save(genesis);
    let head = genesis;
    for (let number = 1; number <= 300; number++) {
      head = (await runBlock(dataAdapter, executor, number, head.blockHash, [utf8(`block ${number}`)])).seal;
      store.save(head);
    }
    const hosted = await host(() => store.source());
    expect(await hosted.ready()).toMatchObject({ number: 300, blockHash: head.blockHash });
    for (const number of [45, 300]) {
      expect(await hosted.executor.read({ kind: "block", number })).toEqual(
        await executor.read({ kind: "block", number }),
      );
    }
  });

  it("says so when what was stored can't be read", async () => {
    const broken: StateSource = {
      async *state() {
        yield [utf8("m"), new Uint8Array(104)] as const;
        throw new Error("disk gone");
      },
      async *diffs() {},
    };
    await expect(hostExecutor({ ...optionsFor(() => broken), vm: "data" })).rejects.toMatchObject({
      code: "bad_state",
      message: expect.stringContaining("disk gone"),
    });
  });

  it("can't be started again from a store that became unreadable, and says why", async () => {
    let source: StateSource | undefined;
    const hosted = await host(() => source);
    source = {
      async *state() {},
      async *diffs() {},
    };
    process.kill(lastPid(), "SIGKILL");
    await expect(hosted.executor.read({ kind: "block", number: 0 })).rejects.toMatchObject({ code: "executor_died" });
    await expect(hosted.ready()).rejects.toMatchObject({ code: "bad_state" });
  });

  it("is started again each time it dies", async () => {
    const store: Store = createStore();
    const hosted = await host(() => store.source());
    store.save(genesisOf(hosted));
    let { blockHash } = genesisOf(hosted);
    for (let number = 1; number <= 3; number++) {
      const pid = lastPid();
      process.kill(pid, "SIGKILL");
      await waitFor(() => !isAlive(pid));
      await hosted.executor.read({}).catch(() => {});
      expect(await hosted.ready()).toMatchObject({ number: number - 1, blockHash });
      const { seal } = await runBlock(dataAdapter, hosted.executor, number, blockHash, [utf8("x")]);
      store.save(seal);
      blockHash = seal.blockHash;
    }
  });

  it("ends with its host, even when that is killed", async () => {
    const script = `
      import { hostExecutor } from ${JSON.stringify(new URL("./host.ts", import.meta.url).href)};
      await hostExecutor({
        vm: "data", domain: 1, config: new Uint8Array(), source: () => undefined, onDeath: () => {},
        runtime: { after: (ms, callback) => clearTimeout.bind(undefined, setTimeout(callback, ms)) },
        limits: ${JSON.stringify(processLimits)},
        log: { info: ({ pid }) => process.stdout.write(pid + "\\n"), error: () => {} },
      });`;
    const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: parent.stdout });
    const [line] = (await once(lines, "line")) as [string];
    const child = Number(line);
    expect(isAlive(child)).toBe(true);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await waitFor(() => !isAlive(child));
  });

  it("tells what it was executing when it died, unless no block was open", async () => {
    /** Stopped first, so that it can't answer the call any more. */
    const deathOf = (call: () => Promise<unknown>): Promise<unknown> => {
      process.kill(lastPid(), "SIGSTOP");
      const called = call();
      process.kill(lastPid(), "SIGKILL");
      return called.then(
        () => "none",
        ({ failure }: LockstepError) => failure,
      );
    };
    const hosted = await host(() => undefined);
    const { executor } = hosted;
    expect(await deathOf(() => executor.read({}))).toMatchObject({ signal: "SIGKILL", place: undefined });
    await hosted.ready();
    await executor.begin(contextOf(1, genesisOf(hosted).blockHash));
    await executor.execute(await declared(executor, [utf8("a"), utf8("b")]));
    expect(await deathOf(() => executor.checkpoint())).toMatchObject({
      place: { height: 1, at: 1 },
      during: "checkpoint",
    });
  });

  it("starts again from what is stored when it is told to", async () => {
    const store = createStore();
    const hosted = await host(() => store.source());
    store.save(genesisOf(hosted));
    const pid = lastPid();
    await hosted.executor.begin(contextOf(1, genesisOf(hosted).blockHash));
    await hosted.restart();
    expect(isAlive(pid)).toBe(false);
    expect(hosted.isUp()).toBe(false);
    expect(await hosted.ready()).toMatchObject({ number: 0 });
    await hosted.executor.begin(contextOf(1, genesisOf(hosted).blockHash));
  });

  it("may die at its first start when it has sealed blocks, and says so when it does at every one", async () => {
    const store = createStore();
    const { genesis } = await dataAdapter.open({ domain, config: utf8(""), budget: usualBudgets.data });
    if (genesis === undefined) throw new Error("no genesis");
    store.save(genesis);
    const real = createRuntime();
    const hosted = await hostExecutor({
      ...optionsFor(() => store.source()),
      vm: "data",
      runtime: { after: (ms, callback) => real.after(Math.min(ms, 10), callback) },
      limits: { ...processLimits, dataMiB: 8 },
    });
    open.push(hosted);
    expect(hosted.isUp()).toBe(false);
    await expect(hosted.ready()).rejects.toMatchObject({ code: "executor_unstartable" });
  });

  it("is ended and started again when it gives no sign of life", async () => {
    const looks: (() => void)[] = [];
    const look = (): void => {
      for (const callback of looks.splice(0)) callback();
    };
    const real = createRuntime();
    const deaths: Death[] = [];
    const hosted = await hostExecutor({
      ...optionsFor(() => undefined),
      vm: "data",
      runtime: {
        after: (ms, callback) => {
          if (ms === hostLimits.watchMs) looks.push(callback);
          return real.after(ms === hostLimits.watchMs ? 3_600_000 : ms, callback);
        },
      },
      onDeath: (death) => deaths.push(death),
    });
    open.push(hosted);
    for (let i = 0; i < 2 * hostLimits.silentLooks; i++) look();
    const pid = lastPid();
    process.kill(pid, "SIGSTOP");
    const reading = hosted.executor.read({ kind: "block", number: 0 });
    for (let i = 0; i <= hostLimits.silentLooks; i++) look();
    await expect(reading).rejects.toMatchObject({ code: "executor_died" });
    expect(deaths).toMatchObject([{ pid, silent: true, signal: "SIGKILL" }]);
    expect(await hosted.ready()).toMatchObject({ number: 0 });
  });

  it("is not started again once it is closed", async () => {
    const hosted = await host(() => undefined);
    const started = pids.length;
    process.kill(lastPid(), "SIGKILL");
    await hosted.executor.read({}).catch(() => {});
    await hosted.executor.close();
    await expect(hosted.ready()).rejects.toMatchObject({ code: "executor_died" });
    expect(pids.length).toBe(started);
  });

  it("ends when it is closed, and refuses what comes later", async () => {
    const hosted = await host(() => undefined);
    const pid = lastPid();
    await hosted.executor.close();
    expect(isAlive(pid)).toBe(false);
    await expect(hosted.executor.read({})).rejects.toMatchObject({ code: "executor_died" });
  });
});

describe("opening a tenant's executor", () => {
  it("starts no process for an adapter without an engine", async () => {
    const before = pids.length;
    const { executor, genesis, ready } = await openTenantExecutor(
      dataAdapter,
      optionsFor(() => undefined),
    );
    expect(pids.length).toBe(before);
    expect(await ready()).toMatchObject({ number: 0, blockHash: genesis?.blockHash });
    await executor.close();
  });

  it("starts one for an adapter that is isolated", async () => {
    const before = pids.length;
    const isolated = { ...dataAdapter, isolated: true };
    const hosted = await openTenantExecutor(
      isolated,
      optionsFor(() => undefined),
    );
    open.push(hosted);
    expect(pids.length).toBe(before + 1);
    expect(await hosted.ready()).toMatchObject({ number: 0 });
  });
});
