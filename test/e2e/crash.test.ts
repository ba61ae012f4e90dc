/** One process dies under load: the others go on, and it comes back as if it had never been away. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { leaderOf } from "../../consensus/simplex/state.ts";
import { evmAccounts } from "../../devnet/accounts.ts";
import { asEpoch, asView } from "../../protocol/ids.ts";
import type { StatusWire } from "../../protocol/wire.ts";
import { allReach, expectExecuted, expectSameChain, heightOf } from "./agreement.ts";
import { answers, status, until } from "./api.ts";
import { gone, isAlive } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { createLoad, type Load } from "./load.ts";
import { accusations } from "./logs.ts";
import { executorsOf } from "./processes.ts";

const command = fileURLToPath(new URL("../../bin/lockstep.js", import.meta.url));
const epochLength = 20;
const members = 4;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A network under load. */
const start = async (
  ...flags: string[]
): Promise<{ devnet: Devnet; load: Load; apis: string[]; folders: string[] }> => {
  const devnet = await startDevnet({ flags: ["--epoch-length", String(epochLength), ...flags] });
  const load = createLoad(evmAccounts(2));
  cleanups.push(devnet.remove, load.stop);
  load.start(devnet.ready);
  const apis = devnet.ready.validators.map(({ api }) => api);
  await allReach(apis, 3, "finalized");
  return { devnet, load, apis, folders: devnet.ready.validators.map(({ dataDir }) => dataDir) };
};

const kill = async (pid: number): Promise<void> => {
  process.kill(pid, "SIGKILL");
  await gone([pid]);
};

/** Ends the load, and checks that all validators agree on everything that happened under it. */
const expectWhole = async (load: Load, apis: readonly string[], folders: readonly string[]): Promise<void> => {
  await load.stop();
  expect(load.refused).toEqual([]);
  await expectExecuted(apis, load.acknowledged);
  const height = await heightOf(apis);
  await expectSameChain(apis, height);
  await allReach(apis, height, "certified");
  expect(await accusations(folders)).toEqual([]);
};

/** Starts a validator as its operator would, with the files that it has. */
const startAgain = async (folder: string): Promise<void> => {
  const args = [command, "node", "--config", join(folder, "node.json"), "--die-with-parent"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  await once(child.stdout, "data");
};

/** Views from `from` on and below `to` that a validator leads in an epoch. */
const turnsOf = (index: number, epoch: number, from: number, to: number): number =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => leaderOf(asEpoch(epoch), asView(from + i), members)).filter(
    (leader) => leader === index,
  ).length;

describe("kill -9 of a validator", () => {
  test("heights go on, only its own views are nullified, and it catches up over epochs", async () => {
    const { devnet, load, apis, folders } = await start("--no-restart");
    const dead = 2;
    const others = <T>(all: readonly T[]): T[] => all.filter((_, index) => index !== dead);

    const before = await Promise.all(others(apis).map(status));
    await kill(devnet.pids()[dead] ?? 0);
    const height = await heightOf(others(apis));

    const expectOnlyItsTurns = (now: StatusWire, survivor: number) => {
      const { epoch, view, nullifiedViews } = now;
      const then = before[survivor] as StatusWire;
      const [counted, from] = then.epoch === epoch ? [then.nullifiedViews, then.view] : [0, 1];
      expect(nullifiedViews - counted).toBeLessThanOrEqual(turnsOf(dead, epoch, from, view));
    };
    await until("65 heights without it, into a later epoch", async () => {
      const now = await Promise.all(others(apis).map(status));
      now.forEach(expectOnlyItsTurns);
      return now.every(({ finalized }) => finalized >= height + 65);
    });
    expect(await answers(apis[dead] ?? "")).toBe(false);

    await startAgain(folders[dead] ?? "");
    await allReach(apis, await heightOf(others(apis)));
    await expectWhole(load, apis, folders);
  });

  test("a devnet starts it again; three at once come back without a contradiction that the fourth could see", async () => {
    const { devnet, load, apis, folders } = await start();
    await kill(devnet.pids()[1] ?? 0);
    await devnet.event("validator_restarted");
    await allReach(apis, (await heightOf(apis)) + 3);

    const [witness, ...killed] = devnet.pids();
    for (const pid of killed) process.kill(pid, "SIGKILL");
    for (const _ of killed) await devnet.event("validator_restarted");
    await allReach(apis, (await heightOf(apis)) + epochLength);
    expect(devnet.pids()[0]).toBe(witness);
    await expectWhole(load, apis, folders);
  });
});

test("kill -9 of an executor: its validator lives, the executor comes back and loses nothing", async () => {
  const { devnet, load, apis, folders } = await start();
  const validators = devnet.pids();
  const victim = validators[3] ?? 0;

  for (let round = 0; round < 3; round++) {
    const executors = executorsOf(victim);
    const executor = executors[round % executors.length] ?? 0;
    expect(isAlive(executor)).toBe(true);
    await kill(executor);
    await until("a new executor", async () => {
      const now = executorsOf(victim);
      return now.length === executors.length && !now.includes(executor);
    });
    await allReach(apis, (await heightOf(apis)) + 3);
  }

  await expectWhole(load, apis, folders);
  expect(devnet.pids()).toEqual(validators);
  expect(validators.every(isAlive)).toBe(true);
  expect((await fetch(`${apis[3]}/healthz`)).status).toBe(200);
});
