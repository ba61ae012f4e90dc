import { describe, expect, test } from "vitest";
import { asValidatorIndex, type ValidatorIndex } from "../../protocol/ids.ts";
import { decodeMessage } from "../simplex/codec.ts";
import { leaderOf } from "../simplex/state.ts";
import { type Cluster, createCluster } from "./cluster.ts";

const node = asValidatorIndex;
const seeds = [1, 2, 3];
/** More instants to crash at within a block. */
const slow = { link: { latencyMs: 30, jitterMs: 40, loss: 0.03 }, disk: { syncMs: 15 } };

/** A unit of work to a random node that is up, again and again. */
const keepBusy = (cluster: Cluster, everyMs: number): void => {
  const submit = (): void => {
    const up = cluster.honest.filter(cluster.isUp);
    const chosen = up[cluster.world.random.below(up.length)];
    if (chosen !== undefined) cluster.submit(chosen);
    cluster.world.after(everyMs, submit);
  };
  cluster.world.after(everyMs, submit);
};

describe("all online", () => {
  test.each([1, 4, 7])("%i validators finalize one chain without a nullified view", async (nodes) => {
    const cluster = createCluster({ seed: nodes, nodes });
    keepBusy(cluster, 20);
    await cluster.reach(20);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(cluster.oracle.nullified()).toEqual([]);
    expect(cluster.world.penalties).toEqual([]);
  });

  test("without work there is an empty block a second", async () => {
    const cluster = createCluster({ seed: 1, nodes: 4 });
    await cluster.world.run(10_000);
    for (const height of cluster.heights()) expect(height).toBeGreaterThanOrEqual(8);
    for (const height of cluster.heights()) expect(height).toBeLessThanOrEqual(10);
    expect(cluster.oracle.nullified()).toEqual([]);
  });

  test("work goes into a block at once, wherever it is, and into one block only", async () => {
    const cluster = createCluster({ seed: 1, nodes: 4 });
    await cluster.reach(2);
    for (const holder of cluster.honest) {
      const unit = cluster.submit(holder);
      const before = cluster.world.elapsed();
      await cluster.world.run(() => cluster.unitsOrdered().includes(unit));
      // Four turns of two hops and a disk, and one hop for the finalization: far below the heartbeat.
      expect(cluster.world.elapsed() - before).toBeLessThan(300);
      await cluster.world.run(1000);
    }
    await cluster.world.run(5000);
    expect(cluster.unitsOrdered()).toHaveLength(4);
    expect(await cluster.oracle.verdict()).toEqual([]);
  });

  test("with work, a block takes two hops and a sync of the disk", async () => {
    const cluster = createCluster({ seed: 1, nodes: 4, link: { latencyMs: 20, jitterMs: 0 }, disk: { syncMs: 3 } });
    await cluster.reach(1);
    keepBusy(cluster, 1);
    const [from] = cluster.heights();
    await cluster.world.run(5000);
    const [to] = cluster.heights();
    // 20 + 3 + 20 ms for proposal and votes, 3 for the leader's own sync, 1 each to assemble and to judge.
    expect((to as number) - (from as number)).toBeGreaterThan(5000 / 55);
  });
});

test.each(seeds)(
  "one offline: only its own views are nullified, and at once after the first (seed %i)",
  async (seed) => {
    const cluster = createCluster({ seed, nodes: 4, without: [2] });
    keepBusy(cluster, 50);
    await cluster.reach(30);
    const views = cluster.oracle.nullified();
    expect(views.length).toBeGreaterThan(5);
    for (const { epoch, view } of views) expect(leaderOf(epoch, view, 4)).toBe(2);
    const timeouts = cluster.eventsOf(node(0)).filter(({ event }) => event === "timeout");
    expect(
      timeouts.filter((event) => "reason" in event && event.reason !== "leader_silent").length,
    ).toBeLessThanOrEqual(2);
    expect(await cluster.oracle.verdict()).toEqual([]);
  },
);

test.each(seeds)("lossy links (seed %i)", async (seed) => {
  const cluster = createCluster({
    seed,
    nodes: 4,
    link: { loss: 0.15, duplication: 0.1, jitterMs: 30 },
    maxMs: 240_000,
  });
  keepBusy(cluster, 100);
  await cluster.reach(40);
  expect(await cluster.oracle.verdict()).toEqual([]);
});

test.each(seeds)("no quorum, no block; after healing all go on together (seed %i)", async (seed) => {
  const cluster = createCluster({ seed, nodes: 4, maxMs: 240_000 });
  keepBusy(cluster, 100);
  await cluster.reach(5);
  cluster.world.partition([node(0), node(1)], [node(2), node(3)]);
  await cluster.world.run(1000);
  const stalled = cluster.heights();
  await cluster.world.run(20_000);
  expect(cluster.heights()).toEqual(stalled);
  cluster.world.partition([node(0), node(1), node(2)], [node(3)]);
  await cluster.world.run(() => cluster.heights().filter((height) => height >= 15).length === 3);
  expect(cluster.heights()[3]).toBe(stalled[3]);
  cluster.world.heal();
  await cluster.reach(20);
  expect(await cluster.oracle.verdict()).toEqual([]);
});

describe("crash and restart", () => {
  test.each(seeds)("one after another at random instants (seed %i)", async (seed) => {
    const cluster = createCluster({ seed, nodes: 4, maxMs: 600_000, ...slow });
    keepBusy(cluster, 100);
    for (let round = 0; round < 6; round++) {
      await cluster.world.run(200 + cluster.world.random.below(1500));
      const victim = node(cluster.world.random.below(4));
      cluster.crash(victim);
      await cluster.world.run(cluster.world.random.below(3000));
      cluster.restart(victim);
    }
    await cluster.world.run(1000);
    await cluster.reach(Math.max(...cluster.heights()) + 10);
    expect(await cluster.oracle.verdict()).toEqual([]);
  });

  test.each([1, 2, 3, 4])("all at once, again and again (seed %i)", async (seed) => {
    const cluster = createCluster({ seed, nodes: 4, maxMs: 600_000, ...slow });
    keepBusy(cluster, 30);
    let highest = 0;
    for (let round = 0; round < 8; round++) {
      await cluster.world.run(100 + cluster.world.random.below(400));
      highest = Math.max(...cluster.heights());
      for (const victim of cluster.honest) cluster.crash(victim);
      await cluster.world.run(50);
      for (const victim of cluster.honest) cluster.restart(victim);
      await cluster.world.run(cluster.world.random.below(2500));
    }
    await cluster.reach(highest + 10);
    expect(await cluster.oracle.verdict()).toEqual([]);
  });

  test.each(seeds)("each time at the very moment at which it says something (seed %i)", async (seed) => {
    const cluster = createCluster({ seed, nodes: 4, maxMs: 600_000, ...slow });
    let speaker: ValidatorIndex | undefined;
    cluster.world.onSent(({ from, channel, message }) => {
      if (channel !== "consensus") return;
      const { type } = decodeMessage(message);
      if (type === "vote" || type === "proposal") speaker = from;
    });
    keepBusy(cluster, 100);
    for (let round = 0; round < 25; round++) {
      await cluster.world.run(cluster.world.random.below(300));
      speaker = undefined;
      await cluster.world.run(() => speaker !== undefined);
      if (speaker === undefined) continue;
      cluster.crash(speaker);
      cluster.restart(speaker);
    }
    await cluster.reach(Math.max(...cluster.heights()) + 5);
    expect(await cluster.oracle.verdict()).toEqual([]);
  });

  test.each([1, 2])("a single validator (seed %i)", async (seed) => {
    const cluster = createCluster({ seed, nodes: 1 });
    keepBusy(cluster, 5);
    for (let round = 0; round < 20; round++) {
      await cluster.world.run(cluster.world.random.below(100));
      cluster.crash(node(0));
      cluster.restart(node(0));
    }
    await cluster.reach(100);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(cluster.oracle.nullified()).toEqual([]);
  });
});

test("a node that was away for hundreds of heights catches up while the others go on", async () => {
  const cluster = createCluster({ seed: 1, nodes: 4, epochLength: 100 });
  keepBusy(cluster, 10);
  await cluster.reach(5);
  cluster.crash(node(3));
  await cluster.reach(210);
  cluster.restart(node(3));
  const before = cluster.world.elapsed();
  await cluster.world.run(() => cluster.isUp(node(3)) && (cluster.heights()[3] ?? 0) >= 210);
  expect(cluster.world.elapsed() - before).toBeLessThan(5000);
  await cluster.reach(Math.max(...cluster.heights()) + 5);
  expect(await cluster.oracle.verdict()).toEqual([]);
});

describe("epochs", () => {
  test.each(seeds)("follow each other without a pause (seed %i)", async (seed) => {
    const cluster = createCluster({ seed, nodes: 4, epochLength: 20 });
    keepBusy(cluster, 20);
    await cluster.reach(65);
    expect(cluster.member(node(0)).consensus.status().epoch).toBe(3);
    expect(cluster.oracle.nullified()).toEqual([]);
    expect(cluster.world.elapsed()).toBeLessThan(10_000);
    expect(await cluster.oracle.verdict()).toEqual([]);
  });

  test.each([1, 2, 3, 4])("crashes around the boundary, over lossy links (seed %i)", async (seed) => {
    const cluster = createCluster({
      seed,
      nodes: 4,
      epochLength: 5,
      maxMs: 600_000,
      link: { loss: 0.1, jitterMs: 20 },
    });
    keepBusy(cluster, 20);
    for (let boundary = 5; boundary <= 25; boundary += 5) {
      await cluster.world.run(() => Math.max(...cluster.heights()) >= boundary - 1);
      await cluster.world.run(cluster.world.random.below(80));
      const victims = cluster.world.random.chance(0.5) ? cluster.honest : [node(cluster.world.random.below(4))];
      for (const victim of victims) cluster.crash(victim);
      await cluster.world.run(cluster.world.random.below(500));
      for (const victim of victims) cluster.restart(victim);
      await cluster.world.run(100);
    }
    await cluster.reach(32);
    expect(await cluster.oracle.verdict()).toEqual([]);
  });
});

test("validators of unequal weight: a quorum is one of weight", async () => {
  const cluster = createCluster({ seed: 1, nodes: 4, weights: [5, 2, 1, 1], without: [3] });
  await cluster.reach(5);
  cluster.crash(node(2));
  await cluster.reach(10);
  cluster.crash(node(1));
  const stalled = cluster.heights();
  await cluster.world.run(20_000);
  expect(cluster.heights()).toEqual(stalled);
  expect(await cluster.oracle.verdict()).toEqual([]);
});

test("a broken disk halts its node, before it votes, and no other", async () => {
  const cluster = createCluster({ seed: 1, nodes: 4 });
  await cluster.reach(3);
  cluster.world.breakDisk(node(1));
  const reason = cluster.member(node(1)).consensus.halted;
  await cluster.world.run(3000);
  await expect(reason).resolves.toMatchObject({ code: "disk_failed" });
  cluster.crash(node(1));
  await cluster.reach(8);
  expect((await cluster.oracle.verdict()).filter((complaint) => !complaint.startsWith("node 1 halted"))).toEqual([]);
});

describe("the same seed", () => {
  const run = async (seed: number) => {
    const cluster = createCluster({ seed, nodes: 4, link: { loss: 0.1 } });
    keepBusy(cluster, 30);
    await cluster.reach(8);
    cluster.crash(node(1));
    await cluster.world.run(700);
    cluster.restart(node(1));
    await cluster.reach(14);
    return { audit: cluster.world.audit(), events: cluster.world.events() };
  };

  test("gives the same run, another seed another", async () => {
    const first = await run(5);
    expect(await run(5)).toEqual(first);
    expect((await run(6)).audit).not.toBe(first.audit);
  });
});
