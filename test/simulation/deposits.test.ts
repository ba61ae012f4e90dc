/** What sponsors of bundles deposit and withdraw, on whole validators in a seeded world. */
import { beforeAll, describe, expect, it } from "vitest";
import { signWithdrawal } from "../../client/withdrawal.ts";
import { controlDomain } from "../../protocol/control.ts";
import { Genesis } from "../../protocol/genesis.ts";
import { asHeight, type Domain, type ValidatorIndex } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { evmLegs } from "../fixtures/legs/evm.ts";
import { fuelLegs } from "../fixtures/legs/fuel.ts";
import type { Legs } from "../fixtures/legs/legs.ts";
import { svmLegs } from "../fixtures/legs/svm.ts";
import { expectAgreement } from "./agreement.ts";
import {
  balances,
  bundleOf,
  expectSame,
  failing,
  index,
  isUp,
  loadEngines,
  payment,
  settled,
  setUp,
  sponsor,
  start,
  submit,
} from "./bundleWorld.ts";

beforeAll(loadEngines, 900_000);

describe("bundles", () => {
  it("are paid for with what was deposited at the gateways, once that is certified everywhere", async () => {
    const nodes = await start({ seed: 9, deposits: [] });
    await setUp(nodes);
    const bundle = (nonce: number) => bundleOf(nodes, nonce, [payment(svmLegs, 50), failing(evmLegs, 1)]);
    const early = await nodes.ask(nodes.node(index(0)).service.submitBundle((await bundle(1)).bytes));
    expect(early).toMatchObject({ ok: false, error: { code: "bundle_unfunded" } });

    const amounts = new Map([
      [svmLegs, 10n ** 9n],
      [fuelLegs, 7n],
      [evmLegs, 10n ** 18n],
    ]);
    for (const [legs, amount] of amounts) {
      nodes.submitRaw(index(1), await legs.depositing(0, sponsor.sponsor, amount), legs.domain);
    }
    const all = [...amounts].map(([{ domain }, amount]) => `${domain}: ${amount}`).sort();
    nodes.crash(index(3));
    const isCredited = (at: ValidatorIndex): boolean => balances(nodes, at).sort().join() === all.join();
    await nodes.world.run(() => [0, 1, 2].every((at) => isCredited(index(at))));
    nodes.crash(index(2));
    nodes.restart(index(2));
    nodes.restart(index(3));
    await nodes.world.run(() => nodes.indices.every((at) => isUp(nodes, at) && isCredited(at)));

    const { id, bytes } = await bundle(2);
    await submit(nodes, index(3), bytes);
    const { status, charged } = await settled(nodes, index(3), id);
    expect(status).toBe("aborted");
    await expectSame(nodes, [id]);
    const paid = (domain: Domain): bigint => charged.find((fee) => fee.domain === domain)?.amount ?? 0n;
    expect(paid(evmLegs.domain)).toBeGreaterThan(0n);
    const left = [...amounts].map(([{ domain }, amount]) => `${domain}: ${amount - paid(domain)}`).sort();
    expect(balances(nodes, index(0)).sort()).toEqual(left);
  }, 120_000);

  it("leave to their sponsor what it withdraws, which is paid once none of them can be executed any more", async () => {
    // A thousand heights take their time, for two validators half of it.
    const paying = [svmLegs, evmLegs];
    const nodes = await start({ seed: 10, deposits: [], tenants: paying, epochLength: 500, nodes: 2 });
    await nodes.reach(1);
    for (const legs of paying) {
      nodes.submitRaw(index(0), await legs.depositing(0, sponsor.sponsor, 3_000_000n), legs.domain);
    }
    await nodes.world.run(() => balances(nodes, index(1)).length === paying.length);
    const { service } = nodes.node(index(1));
    const asked = service.status().finalized;
    const genesis = Genesis.root(service.genesis);
    for (const [nonce, { domain, recipient }] of paying.entries()) {
      const request = { sponsor, domain, recipient, amount: nonce === 0 ? 1_000_000n : 10n ** 20n, nonce };
      nodes.submitRaw(index(1), await signWithdrawal(genesis, request, asHeight(asked + 100)), controlDomain);
      const refusals = nodes.refused.length;
      const late = await signWithdrawal(genesis, { ...request, nonce: 9 }, asHeight(asked + 5_000));
      nodes.submitRaw(index(1), late, controlDomain);
      await nodes.world.run(() => nodes.refused.length > refusals);
    }
    expect(nodes.refused).toEqual(["wrong_height", "wrong_height"]);
    const unspendable = await bundleOf(nodes, 7, [payment(svmLegs, 50), payment(evmLegs, 1)]);
    await nodes.world.run(5_000);
    const taken = await nodes.ask(nodes.node(index(0)).service.submitBundle(unspendable.bytes));
    expect(taken).toMatchObject({ ok: false, error: { code: "bundle_unfunded" } });

    const paidTo = async ({ balance, domain, recipient }: Legs, at: ValidatorIndex): Promise<bigint> => {
      const services = nodes.node(at).tenants.get(domain)?.services;
      if (services === undefined) throw new Error("no tenant");
      return await nodes.ask(balance(services, services.heads().executed, recipient));
    };
    expect(await paidTo(svmLegs, index(0))).toBe(0n);
    await nodes.reach(asked + limits.bundleHeights - 5);
    expect(balances(nodes, index(0))).toEqual(["501: 3000000", `${evmLegs.domain}: 3000000`]);
    // Both are away now and then while it is paid.
    for (const at of [1, 0, 1, 0]) {
      nodes.crash(index(at));
      nodes.restart(index(at));
      await nodes.world.run(3_000);
    }
    const height = asked + limits.bundleHeights + 30;
    await nodes.reach(height);
    await expectAgreement(nodes, height);
    for (const at of nodes.indices) {
      expect(balances(nodes, at)).toEqual(["501: 2000000", `${evmLegs.domain}: 0`]);
      expect(await paidTo(svmLegs, at)).toBe(1_000_000n);
    }
    const released = { sponsor: sponsor.sponsor, nonce: 1, recipient: evmLegs.recipient, amount: 3_000_000n };
    const withdrawing = (await evmLegs.withdrawing?.(1, released)) as Uint8Array;
    nodes.submitRaw(index(1), withdrawing, evmLegs.domain);
    for (;;) {
      await nodes.world.run(500);
      if ((await paidTo(evmLegs, index(0))) === 3_000_000n) break;
    }
  }, 240_000);
});
