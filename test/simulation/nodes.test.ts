import { describe, expect, it } from "vitest";
import { asValidatorIndex } from "../../protocol/ids.ts";
import { expectAgreement } from "./agreement.ts";
import { createNodes, type Nodes } from "./nodes.ts";

const index = asValidatorIndex;

/** Runs until every acknowledged transaction is executed at all nodes that are up. */
const drain = (nodes: Nodes): Promise<void> =>
  nodes.world.run(() => {
    if (nodes.fatal.length > 0) return true;
    const statuses = nodes.indices.filter((at) => nodes.world.isUp(at)).map((at) => nodes.node(at).service.status());
    const newest = Math.max(...statuses.map(({ finalized }) => finalized));
    return statuses.every(({ mempool, executed }) => mempool.transactions === 0 && executed >= newest);
  });

describe("four validators with a tenant", () => {
  it.each([1, 2])("execute and certify what any of them takes in (seed %i)", async (seed) => {
    const nodes = await createNodes({ seed });
    await nodes.reach(1);
    for (let i = 0; i < 40; i++) nodes.submit(index(i % 4), `transaction ${i}`);
    await nodes.world.run(() => nodes.acknowledged.size === 40);
    await drain(nodes);
    const height = Math.max(...nodes.indices.map(nodes.executed));
    await nodes.reach(height + 3);
    await expectAgreement(nodes, height);
    for (const at of nodes.indices) {
      const newest = await nodes.ask(nodes.node(at).service.latestCertificate());
      expect(newest?.certified.height).toBeGreaterThanOrEqual(height);
    }
  });

  it("do so over lossy links", async () => {
    const nodes = await createNodes({ seed: 3, link: { loss: 0.1, duplication: 0.05 } });
    await nodes.reach(1);
    for (let i = 0; i < 20; i++) nodes.submit(index(i % 4), `lossy ${i}`);
    await nodes.world.run(() => nodes.acknowledged.size === 20);
    await drain(nodes);
    await nodes.reach(Math.max(...nodes.indices.map(nodes.executed)) + 2);
    await expectAgreement(nodes, Math.min(...nodes.indices.map(nodes.executed)));
  });

  it.each([4, 5, 6])("lose nothing acknowledged when all of them crash under load (seed %i)", async (seed) => {
    const nodes = await createNodes({ seed, link: { loss: 0.02 } });
    await nodes.reach(1);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 12; i++) nodes.submit(index(i % 4), `round ${round} transaction ${i}`);
      await nodes.world.run(20 + nodes.world.random.below(120));
      for (const at of nodes.indices) nodes.crash(at);
      for (const at of nodes.indices) nodes.restart(at);
      await nodes.reach(1);
    }
    await drain(nodes);
    const height = Math.max(...nodes.indices.map(nodes.executed));
    await nodes.reach(height + 2);
    expect(nodes.acknowledged.size).toBeGreaterThan(0);
    await expectAgreement(nodes, height);
  });

  it("go on without one, and take it back in", async () => {
    const nodes = await createNodes({ seed: 8 });
    await nodes.reach(2);
    nodes.crash(index(3));
    for (let i = 0; i < 9; i++) nodes.submit(index(i % 3), `without 3: ${i}`);
    await nodes.reach(40);
    nodes.restart(index(3));
    await nodes.reach(45);
    await drain(nodes);
    expect(nodes.acknowledged.size).toBe(9);
    await expectAgreement(nodes, 45);
  });

  it("are the same run twice for the same seed", async () => {
    const audit = async (seed: number): Promise<string> => {
      const nodes = await createNodes({ seed, link: { loss: 0.05 } });
      await nodes.reach(1);
      for (let i = 0; i < 8; i++) nodes.submit(index(i % 4), `again ${i}`);
      await nodes.reach(6);
      return nodes.world.audit();
    };
    expect(await audit(11)).toBe(await audit(11));
    expect(await audit(11)).not.toBe(await audit(12));
  });
});
