import { describe, expect, it } from "vitest";
import { concatBytes, toHex } from "../../protocol/bytes.ts";
import { describeBundleCompliance, testBundleId } from "../../test/fixtures/legs/compliance.ts";
import { callData, caller, forwarder, fuelLegs, leg, salt, sendArgs, u32 } from "../../test/fixtures/legs/fuel.ts";
import { fuelAdapter } from "./adapter.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import { gatewayId } from "./contracts/gateway.ts";
import {
  alice,
  bob,
  budget,
  carol,
  change,
  coin,
  config,
  contractInput,
  contractOutput,
  create,
  domain,
  encodeConfig,
  otherAsset,
  pay,
  script,
  sign,
} from "./testChain.ts";

describeBundleCompliance("Fuel", fuelLegs);

describe("a Fuel transaction", () => {
  const id = testBundleId(1);
  const marker = pay(toHex(id), 0n);
  const codes = (outputs: ReturnType<typeof pay>[]) => {
    const bytes = sign(script({ inputs: [coin(bob, 0)], outputs: [...outputs, change(bob.address)] }), bob);
    const read = readLeg(bytes);
    return [read.ok ? "ok" : read.error.code, isMarked(bytes)];
  };

  it("is a leg with one coin output of nothing to an id", () => {
    expect(codes([marker])).toEqual(["ok", true]);
    expect(codes([pay(carol.address, 1n), marker])).toEqual(["ok", true]);
  });

  it("is none without it or with two, of another asset, or to what can be no id", () => {
    expect(codes([])).toEqual(["marker_missing", false]);
    expect(codes([marker, marker])).toEqual(["marker_repeated", true]);
    expect(codes([pay(toHex(id), 0n, otherAsset)])).toEqual(["marker_missing", false]);
    expect(codes([pay(`0x01${toHex(id).slice(4)}`, 0n)])).toEqual(["marker_missing", false]);
    expect(codes([pay(toHex(id), 1n)])).toEqual(["marker_missing", false]);
    const deployment = sign(create({ inputs: [coin(alice, 0)], outputs: [marker], code: forwarder, salt }), alice);
    expect(readLeg(deployment)).toMatchObject({ ok: false, error: { code: "unsupported" } });
  });
});

describe("the gateway of a Fuel tenant", () => {
  it("hears no script, and knows its functions", async () => {
    const { executor, genesis } = await fuelAdapter.open({ domain, config: encodeConfig(config), budget });
    const { beginBlock } = await import("../complianceChain.ts");
    if (genesis === undefined) throw new Error("no genesis");
    await beginBlock(fuelAdapter, executor, 1, genesis.blockHash);
    const id = testBundleId(1);
    await executor.write((fuelAdapter.bundles as NonNullable<typeof fuelAdapter.bundles>).setBundle(id));
    const reasons: (string | undefined)[] = [];
    const send = { destination: domain, recipient: id, index: 1, body: new Uint8Array() };
    for (const [name, args] of [
      ["sendSync", sendArgs(send)],
      ["consume", concatBytes(u32(1), id, u32(1))],
      ["unknown", id],
      ["deposit", id],
    ] as const) {
      const checkpoint = await executor.checkpoint();
      const bytes = leg(id, 0, {
        inputs: [coin(bob, 0), contractInput(gatewayId)],
        outputs: [pay(toHex(id), 0n), contractOutput(1), change(bob.address)],
        script: caller,
        scriptData: callData(gatewayId, name, args),
      });
      const [inspection] = await executor.inspectLegs([bytes]);
      const gas = [inspection?.ok ? inspection.value.gas : 0];
      const { execution, reason } = await executor.leg({ bytes, gas, bundle: id, index: 0 });
      expect(execution).toMatchObject({ kind: "applied", succeeded: false });
      reasons.push(reason);
      await executor.revert(checkpoint);
    }
    expect(reasons).toEqual(["OnlyContracts", "OnlyContracts", "UnknownFunction", "WrongAsset"]);
    await executor.close();
  });
});
