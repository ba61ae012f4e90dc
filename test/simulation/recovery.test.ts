/** An engine dies of one and the same transaction at all validators: they agree to go on without it, or without the tenant. */
import { describe, expect, it } from "vitest";
import { transactionId } from "../../protocol/batch.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Recovery } from "../../protocol/control.ts";
import { asHeight, asRevision, asValidatorIndex, type Domain } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { expectAgreement } from "./agreement.ts";
import { createNodes, data, type Nodes, notes } from "./nodes.ts";
import { recover, submitControl, untilCertified } from "./recoveries.ts";

const index = asValidatorIndex;
const poison = "poison";
const poisonId = transactionId(utf8(poison));
const isPoison = (bytes: Uint8Array): boolean => new TextDecoder().decode(bytes) === poison;

const statusOf = async (nodes: Nodes, at: number, text: string) =>
  await nodes.ask(nodes.node(index(at)).service.transaction(transactionId(utf8(text))));

const headOf = (nodes: Nodes, at: number, domain: Domain): number =>
  nodes.node(index(at)).tenants.get(domain)?.services.heads().executed ?? -1;

/** A network that certifies nothing any more, for `heights` by now, and the height at which it stopped. */
const stopped = async (seed: number, heights: number): Promise<{ nodes: Nodes; base: number; fatalHeight: number }> => {
  const nodes = await createNodes({ seed, notes: true });
  await nodes.reach(1);
  for (const at of nodes.indices) nodes.faults(at, notes).isDeadly = isPoison;
  nodes.submit(index(1), "before", notes);
  await nodes.world.run(2_000);
  nodes.submit(index(0), poison, notes);
  nodes.submit(index(2), "beside", data);
  const problems = () => nodes.indices.map((at) => nodes.node(at).service.problems().length);
  await nodes.world.run(() => problems().every((count) => count > 0));
  nodes.submit(index(2), "after", notes);
  const finalized = () => nodes.node(index(0)).service.status().finalized;
  const from = finalized();
  await nodes.world.run(() => finalized() >= from + heights);
  const { certified } = nodes.node(index(0)).service.status();
  const fatalHeight = (await statusOf(nodes, 0, poison))?.height ?? headOf(nodes, 0, notes) + 1;
  expect(certified).toBeLessThan(fatalHeight);
  return { nodes, base: certified, fatalHeight };
};

describe("validators that all die of one transaction", () => {
  it.each([
    [21, 5],
    [23, limits.readableHeights + 20],
  ])(
    "bring everything back without it (seed %i, %i heights later)",
    async (seed, heights) => {
      const { nodes, base, fatalHeight } = await stopped(seed, heights);
      const [problem] = nodes.node(index(3)).service.problems();
      expect(problem).toContain(toHex(poisonId));
      const skip = [{ domain: notes, height: asHeight(fatalHeight), id: poisonId }];
      const value: Recovery = { base: asHeight(base), revision: asRevision(1), drop: [], skip };
      expect(await submitControl(nodes, 0, await recover(nodes, value, [0, 1]))).toBe("not_signed");
      expect(await submitControl(nodes, 0, await recover(nodes, { ...value, base: asHeight(base - 1) }))).toBe(
        "wrong_base",
      );
      expect(await submitControl(nodes, 3, await recover(nodes, value))).toBe("ok");
      await untilCertified(nodes, fatalHeight + heights);
      expect(nodes.recoveries.toSorted()).toEqual([0, 1, 2, 3]);

      nodes.submit(index(1), "anew", notes);
      nodes.submit(index(3), "too", data);
      const height = nodes.executed(index(0)) + 3;
      await nodes.reach(height);
      nodes.acknowledged.delete(toHex(poisonId));
      await expectAgreement(nodes, height);
      for (const at of nodes.indices) {
        expect(await statusOf(nodes, at, poison)).toMatchObject({
          status: "omitted",
          reason: "skipped",
          height: fatalHeight,
        });
        for (const text of ["before", "beside"]) {
          expect(await statusOf(nodes, at, text)).toMatchObject({ status: "executed", succeeded: true });
        }
      }
      const revisionOf = async (at: number) =>
        (await nodes.ask(nodes.node(index(0)).service.summary(asHeight(at))))?.revision;
      expect([await revisionOf(base), await revisionOf(base + 1), await revisionOf(height)]).toEqual([0, 1, 1]);
    },
    120_000,
  );

  it("bring everything back but the tenant that they drop", async () => {
    const { nodes, base, fatalHeight } = await stopped(24, 30);
    const value: Recovery = { base: asHeight(base), revision: asRevision(1), drop: [notes], skip: [] };
    expect(await submitControl(nodes, 1, await recover(nodes, value))).toBe("ok");
    await untilCertified(nodes, fatalHeight + 30);
    nodes.refused.splice(0);
    nodes.submit(index(0), "gone", notes);
    nodes.submit(index(3), "there", data);
    const height = nodes.executed(index(0)) + 3;
    await nodes.reach(height);
    expect(nodes.refused).toEqual(["tenant_inactive"]);
    const summaries = await nodes.summaries(index(0), height);
    for (const at of nodes.indices) {
      expect(await nodes.summaries(at, height)).toEqual(summaries);
      expect(nodes.node(at).service.problems()).toEqual([]);
      expect(await statusOf(nodes, at, "there")).toMatchObject({ status: "executed" });
    }
    const tenantsAt = async (at: number) =>
      (await nodes.ask(nodes.node(index(2)).service.summary(asHeight(at))))?.tenants.map(({ domain }) => domain);
    expect([await tenantsAt(base), await tenantsAt(base + 1)]).toEqual([[data, notes], [data]]);
    expect(nodes.fatal).toEqual([]);
  }, 120_000);

  it.each([31, 32])(
    "may crash at any time on the way (seed %i)",
    async (seed) => {
      const { nodes, base, fatalHeight } = await stopped(seed, 40);
      const skip = [{ domain: notes, height: asHeight(fatalHeight), id: poisonId }];
      const value: Recovery = { base: asHeight(base), revision: asRevision(1), drop: [], skip };
      expect(await submitControl(nodes, 2, await recover(nodes, value))).toBe("ok");
      for (let round = 0; round < 12; round++) {
        const at = index(nodes.world.random.below(4));
        nodes.crash(at);
        nodes.restart(at);
        await nodes.world.run(20 + nodes.world.random.below(300));
      }
      await untilCertified(nodes, fatalHeight + 40);
      nodes.submit(index(1), "anew", notes);
      const height = nodes.executed(index(0)) + 3;
      await nodes.reach(height);
      nodes.acknowledged.delete(toHex(poisonId));
      await expectAgreement(nodes, height);
    },
    120_000,
  );

  it("are joined by one that was away all the time", async () => {
    const nodes = await createNodes({ seed: 33, notes: true });
    await nodes.reach(1);
    for (const at of nodes.indices) nodes.faults(at, notes).isDeadly = isPoison;
    nodes.crash(index(3));
    nodes.submit(index(0), poison, notes);
    await nodes.world.run(() => [0, 1, 2].every((at) => nodes.node(index(at)).service.problems().length > 0));
    await nodes.world.run(20_000);
    const { certified } = nodes.node(index(0)).service.status();
    const fatalHeight = headOf(nodes, 0, notes) + 1;
    const skip = [{ domain: notes, height: asHeight(fatalHeight), id: poisonId }];
    const value: Recovery = { base: asHeight(certified), revision: asRevision(1), drop: [], skip };
    expect(await submitControl(nodes, 0, await recover(nodes, value))).toBe("ok");
    await nodes.world.run(30_000);
    nodes.restart(index(3));
    await untilCertified(nodes, fatalHeight + 20);
    const height = nodes.executed(index(0));
    await nodes.reach(height);
    nodes.acknowledged.delete(toHex(poisonId));
    await expectAgreement(nodes, height);
  }, 120_000);
});
