/** One process dies under load: the others go on, and it comes back as if it had never been away. */
import { describe, expect, test } from "vitest";
import { leaderOf } from "../../consensus/simplex/state.ts";
import { asEpoch, asView } from "../../protocol/ids.ts";
import type { StatusWire } from "../../protocol/wire.ts";
import { allReach, heightOf } from "./agreement.ts";
import { answers, status, until } from "./api.ts";
import { isAlive } from "./commands.ts";
import { executorsOf } from "./processes.ts";
import { cleanUpAfterEach, epochLength, expectWhole, kill, startUnderLoad, startValidator } from "./underLoad.ts";

const members = 4;
cleanUpAfterEach();

/** Views from `from` on and below `to` that a validator leads in an epoch. */
const turnsOf = (index: number, epoch: number, from: number, to: number): number =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => leaderOf(asEpoch(epoch), asView(from + i), members)).filter(
    (leader) => leader === index,
  ).length;

describe("kill -9 of a validator", () => {
  test("heights go on, only its own views are nullified, and it catches up over epochs", async () => {
    const { devnet, load, apis, folders } = await startUnderLoad(["--no-restart"]);
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

    await startValidator(folders[dead] ?? "");
    await allReach(apis, await heightOf(others(apis)));
    await expectWhole({ load, apis, folders });
  });

  test("a devnet starts it again; three at once come back without a contradiction that the fourth could see", async () => {
    const { devnet, load, apis, folders } = await startUnderLoad();
    await kill(devnet.pids()[1] ?? 0);
    await devnet.event("validator_restarted");
    await allReach(apis, (await heightOf(apis)) + 3);

    const [witness, ...killed] = devnet.pids();
    for (const pid of killed) process.kill(pid, "SIGKILL");
    for (const _ of killed) await devnet.event("validator_restarted");
    await allReach(apis, (await heightOf(apis)) + epochLength);
    expect(devnet.pids()[0]).toBe(witness);
    await expectWhole({ load, apis, folders });
  });
});

test("kill -9 of an executor: its validator lives, the executor comes back and loses nothing", async () => {
  const { devnet, load, apis, folders } = await startUnderLoad();
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

  await expectWhole({ load, apis, folders });
  expect(devnet.pids()).toEqual(validators);
  expect(validators.every(isAlive)).toBe(true);
  expect((await fetch(`${apis[3]}/healthz`)).status).toBe(200);
});
