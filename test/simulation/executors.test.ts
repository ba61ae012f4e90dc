/** Executors that die, hang or are slow: neither an outcome, nor a loss, nor in anybody else's way. */
import { describe, expect, it } from "vitest";
import { asValidatorIndex, type Domain } from "../../protocol/ids.ts";
import { pipelineLimits } from "../../sequencer/pipeline/limits.ts";
import { expectAgreement } from "./agreement.ts";
import { createNodes, data, type Nodes, notes } from "./nodes.ts";

const index = asValidatorIndex;
/** The validator whose executors are in trouble. */
const ill = index(3);
const poison = "poison";
const isPoison = (bytes: Uint8Array): boolean => new TextDecoder().decode(bytes) === poison;

/** Newest stored block of a tenant at a node; height and number are the same here. */
const headOf = (nodes: Nodes, domain: Domain, at = ill): number => {
  const tenant = nodes.node(at).tenants.get(domain);
  if (tenant === undefined) throw new Error(`no tenant ${domain}`);
  return tenant.services.heads().executed;
};

const problemsOf = (nodes: Nodes, at = ill): string[] => nodes.node(at).service.problems();

const loaded = async (seed: number): Promise<Nodes> => {
  const nodes = await createNodes({ seed, notes: true });
  await nodes.reach(1);
  return nodes;
};

/** Has every tenant at every node execute something, at the others up to `height`. */
const goOn = async (nodes: Nodes, height: number): Promise<void> => {
  for (let i = 0; i < 8; i++) nodes.submit(index(i % 4), `${height} ${i}`, i % 2 === 0 ? data : notes);
  await nodes.world.run(() => nodes.executed(index(0)) >= height);
};

/** All nodes come to the same, and lost nothing. */
const expectAllTheSame = async (nodes: Nodes): Promise<void> => {
  const height = nodes.executed(index(0));
  await nodes.reach(height);
  await expectAgreement(nodes, height);
};

describe("an executor that dies of a transaction at one of four validators", () => {
  const poisoned = async (seed: number): Promise<{ nodes: Nodes; fatalHeight: number }> => {
    const nodes = await loaded(seed);
    nodes.faults(ill, notes).isDeadly = isPoison;
    nodes.submit(index(0), poison, notes);
    await nodes.world.run(() => problemsOf(nodes).length > 0);
    return { nodes, fatalHeight: headOf(nodes, notes) + 1 };
  };

  it("quarantines its tenant there, and everything else goes on", async () => {
    const { nodes, fatalHeight } = await poisoned(1);
    expect(problemsOf(nodes)).toEqual([
      expect.stringContaining(`died 2 times executing entry 0 of height ${fatalHeight}`),
    ]);
    await goOn(nodes, fatalHeight + 20);
    await nodes.world.run(() => headOf(nodes, data) >= fatalHeight + 20);
    expect(headOf(nodes, notes)).toBe(fatalHeight - 1);
    expect(nodes.executed(ill)).toBe(fatalHeight - 1);
    for (const at of [0, 1, 2]) expect(problemsOf(nodes, index(at))).toEqual([]);
  });

  it("is asked about no more transactions once it is far behind what is certified", async () => {
    const { nodes, fatalHeight } = await poisoned(7);
    await goOn(nodes, fatalHeight + pipelineLimits.staleHeights + 10);
    nodes.refused.splice(0);
    nodes.submit(ill, "too late", notes);
    nodes.submit(ill, "in time", data);
    await nodes.world.run(500);
    expect(nodes.refused).toEqual(["unavailable"]);
  });

  it("makes its validator say so to all others, until it has caught up", async () => {
    const { nodes, fatalHeight } = await poisoned(2);
    const word = { validator: ill, domain: notes, height: fatalHeight };
    const words = (): unknown[] => nodes.indices.map((at) => nodes.node(at).service.status().cannot);
    await nodes.world.run(() => words().every((said) => (said as unknown[]).length > 0));
    expect(words()).toEqual(nodes.indices.map(() => [word]));
    for (const at of [0, 1, 2]) {
      const notice = `validator 3 (from height ${fatalHeight} on)`;
      expect(nodes.node(index(at)).service.notices()).toEqual([expect.stringContaining(notice)]);
    }
    nodes.crash(ill);
    nodes.faults(ill, notes).isDeadly = () => false;
    nodes.restart(ill);
    await nodes.world.run(() => [0, 1, 2].every((at) => nodes.node(index(at)).service.status().cannot.length === 0));
    expect(nodes.world.penalties).toEqual([]);
  });

  it("stops certification, and says so, once that happens at two", async () => {
    const nodes = await loaded(3);
    for (const at of [2, 3]) nodes.faults(index(at), notes).isDeadly = isPoison;
    nodes.submit(index(0), poison, notes);
    await nodes.world.run(() => problemsOf(nodes, index(0)).length > 0);
    expect(problemsOf(nodes, index(0))).toEqual([expect.stringContaining("validators 2, 3 can't execute tenant 2")]);
    nodes.submit(index(1), "goes on", data);
    await nodes.world.run(() => headOf(nodes, data, ill) >= headOf(nodes, notes, ill) + 10);
  });

  it("comes back at the node's next start", async () => {
    const { nodes, fatalHeight } = await poisoned(3);
    await goOn(nodes, fatalHeight + 30);
    nodes.crash(ill);
    nodes.faults(ill, notes).isDeadly = () => false;
    nodes.restart(ill);
    await nodes.world.run(() => nodes.executed(ill) >= fatalHeight + 30);
    await goOn(nodes, nodes.executed(index(0)) + 3);
    await expectAllTheSame(nodes);
  });

  it.each([4, 5])("may have its node crash at any time while it catches up (seed %i)", async (seed) => {
    const { nodes, fatalHeight } = await poisoned(seed);
    await goOn(nodes, fatalHeight + 40);
    nodes.faults(ill, notes).isDeadly = () => false;
    nodes.faults(ill, notes).msPerCall = 1;
    for (let round = 0; round < 12; round++) {
      nodes.crash(ill);
      nodes.restart(ill);
      await nodes.world.run(5 + nodes.world.random.below(60));
    }
    await goOn(nodes, nodes.executed(index(0)) + 3);
    await expectAllTheSame(nodes);
  });
});

describe("an executor", () => {
  it("that runs in circles is ended, and its tenant quarantined", async () => {
    const nodes = await loaded(11);
    nodes.faults(ill, notes).hangsOn = isPoison;
    nodes.submit(index(0), poison, notes);
    await nodes.world.run(() => problemsOf(nodes).length > 0);
    expect(headOf(nodes, data)).toBeGreaterThan(headOf(nodes, notes));
    nodes.crash(ill);
    nodes.faults(ill, notes).hangsOn = () => false;
    nodes.restart(ill);
    await nodes.world.run(() => nodes.executed(ill) > 0);
    await goOn(nodes, nodes.executed(index(0)) + 3);
    await expectAllTheSame(nodes);
  });

  it("that is slow falls behind, holds nobody up, and keeps pace again once it can", async () => {
    const nodes = await loaded(12);
    nodes.faults(ill, notes).msPerCall = 2 * pipelineLimits.paceMs;
    await goOn(nodes, nodes.executed(index(0)) + 30);
    await nodes.world.run(() => headOf(nodes, data) >= nodes.executed(index(0)) - 5);
    expect(headOf(nodes, notes)).toBeLessThan(headOf(nodes, data) - 5);
    nodes.faults(ill, notes).msPerCall = 0;
    await goOn(nodes, nodes.executed(index(0)) + 10);
    await expectAllTheSame(nodes);
  });

  it.each([13, 14])("that is killed at random is never quarantined, and nothing is lost (seed %i)", async (seed) => {
    const nodes = await loaded(seed);
    const { random } = nodes.world;
    for (const at of nodes.indices) for (const domain of [data, notes]) nodes.faults(at, domain).msPerCall = 2;
    for (let round = 0; round < 15; round++) {
      for (let i = 0; i < 2; i++) nodes.submit(index(random.below(4)), `${round} ${i}`, i === 0 ? data : notes);
      nodes.faults(index(random.below(4)), random.below(2) === 0 ? data : notes).kill();
      await nodes.world.run(random.below(200));
      for (const at of nodes.indices) expect(problemsOf(nodes, at)).toEqual([]);
    }
    for (const at of nodes.indices) for (const domain of [data, notes]) nodes.faults(at, domain).msPerCall = 0;
    await nodes.world.run(20_000);
    await goOn(nodes, nodes.executed(index(0)) + 3);
    await expectAllTheSame(nodes);
  });
});
