/** Engines die of a leg at all validators: they agree to go on without its bundle, or without its tenant. */
import { beforeAll, describe, expect, it } from "vitest";
import { Bundle } from "../../protocol/bundle.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { Recovery } from "../../protocol/control.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asHeight, asRevision, type BundleId } from "../../protocol/ids.ts";
import { evmLegs } from "../fixtures/legs/evm.ts";
import { fuelLegs } from "../fixtures/legs/fuel.ts";
import { svmLegs } from "../fixtures/legs/svm.ts";
import { expectAgreement } from "./agreement.ts";
import {
  balances,
  bundleOf,
  expectSame,
  failing,
  index,
  loadEngines,
  payment,
  settled,
  setUp,
  start,
  submit,
} from "./bundleWorld.ts";
import type { Nodes } from "./nodes.ts";
import { recover, submitControl, untilCertified } from "./recoveries.ts";

beforeAll(loadEngines, 900_000);

/** A bundle was undone at its sponsor's cost; then one came whose last leg no EVM survives, then one that has nothing to do with it. */
const stopped = async (seed: number) => {
  const nodes = await start({ seed });
  await setUp(nodes);
  const undone = await bundleOf(nodes, 1, [payment(svmLegs, 20), failing(evmLegs, 0)]);
  await submit(nodes, index(0), undone.bytes);
  expect((await settled(nodes, index(0), undone.id)).status).toBe("aborted");
  await nodes.world.run(3_000);

  const poison = await bundleOf(nodes, 2, [payment(svmLegs, 21), payment(evmLegs, 0)]);
  const leg = Bundle.decode(poison.bytes).legs[1]?.transaction ?? new Uint8Array();
  for (const at of nodes.indices) {
    nodes.faults(at, evmLegs.domain).isDeadly = (transaction) => toHex(transaction) === toHex(leg);
  }
  await submit(nodes, index(1), poison.bytes);
  await nodes.world.run(() => nodes.indices.every((at) => nodes.node(at).service.problems().length > 0));
  const beside = await bundleOf(nodes, 3, [payment(svmLegs, 22), payment(fuelLegs, 0)]);
  await submit(nodes, index(2), beside.bytes);
  await nodes.world.run(20_000);
  const { certified } = nodes.node(index(0)).service.status();
  const heads = nodes.node(index(0)).tenants.get(evmLegs.domain)?.services.heads();
  return {
    nodes,
    undone,
    poison,
    beside,
    leg,
    base: asHeight(certified),
    height: asHeight((heads?.executed ?? 0) + 1),
  };
};

const statuses = async (nodes: Nodes, ids: readonly BundleId[]): Promise<(string | undefined)[]> =>
  await Promise.all(ids.map(async (id) => (await nodes.ask(nodes.node(index(3)).service.bundle(id)))?.status));

describe("validators whose engines all die of one leg", () => {
  it("leave its bundle out, and execute all others as they were", async () => {
    const { nodes, undone, poison, beside, leg, base, height } = await stopped(41);
    expect(nodes.node(index(3)).service.problems().join()).toContain(toHex(sha256(leg)));
    const before = balances(nodes, index(0));
    const skip = [{ domain: evmLegs.domain, height, id: sha256(leg) }];
    const value: Recovery = { base, revision: asRevision(1), drop: [], skip };
    expect(await submitControl(nodes, 0, await recover(nodes, value))).toBe("ok");
    await untilCertified(nodes, height + 10);
    const ids = [undone.id, poison.id, beside.id];
    await expectSame(nodes, ids);
    expect(await statuses(nodes, ids)).toEqual(["aborted", "skipped", "committed"]);
    expect(balances(nodes, index(0))).toEqual(before);
    const again = await bundleOf(nodes, 4, [payment(svmLegs, 23), payment(evmLegs, 0)]);
    await submit(nodes, index(3), again.bytes);
    for (const at of nodes.indices) expect((await settled(nodes, at, again.id)).status).toBe("committed");
  }, 120_000);

  it("leave out all bundles of a tenant that they drop, and go on with the others", async () => {
    const { nodes, undone, beside, base, height } = await stopped(42);
    const value: Recovery = { base, revision: asRevision(1), drop: [evmLegs.domain], skip: [] };
    expect(await submitControl(nodes, 1, await recover(nodes, value))).toBe("ok");
    await untilCertified(nodes, height + 10);
    await expectSame(nodes, [undone.id, beside.id]);
    expect(await statuses(nodes, [undone.id, beside.id])).toEqual(["aborted", "committed"]);
    const later = await bundleOf(nodes, 5, [payment(svmLegs, 24), payment(fuelLegs, 1)]);
    await submit(nodes, index(0), later.bytes);
    for (const at of nodes.indices) expect((await settled(nodes, at, later.id)).status).toBe("committed");
    const reached = nodes.executed(index(0));
    await nodes.reach(reached);
    await expectAgreement(nodes, reached);
  }, 120_000);
});
