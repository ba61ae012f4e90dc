import { describe, expect, it } from "vitest";
import type { SyncKey } from "../../protocol/bundle.ts";
import { concatBytes, fromHex, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import type { BundleId } from "../../protocol/ids.ts";
import { describeBundleCompliance, testBundleId } from "../bundleCompliance.ts";
import { fuelAdapter } from "./adapter.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import { assemble, fuel, label, reg } from "./contracts/assembler.ts";
import { gatewayId } from "./contracts/gateway.ts";
import {
  alice,
  bob,
  budget,
  buildEngine,
  carol,
  change,
  coin,
  config,
  contractIdOf,
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
import { programs } from "./testPrograms.ts";

const [p, q] = [16, 17];
const bytesOf = (hex: Hex): Uint8Array => fromHex(hex) ?? new Uint8Array();
const even = (code: Uint8Array): Hex => toHex(code.length % 8 === 0 ? code : concatBytes(code, new Uint8Array(4)));

/** A contract that calls the gateway with the parameters that it is called with. */
const forwarder = even(
  assemble([
    fuel.movi(p, 48),
    fuel.aloc(p),
    fuel.addressOf(p, "gateway"),
    fuel.mcpi(reg.hp, p, 32),
    fuel.lw(p, reg.fp, 73),
    fuel.sw(reg.hp, p, 4),
    fuel.lw(p, reg.fp, 74),
    fuel.sw(reg.hp, p, 5),
    fuel.call(reg.hp, reg.zero, reg.hp, reg.cgas),
    fuel.ret(reg.one),
    label("gateway", bytesOf(gatewayId)),
  ]),
);
const salt: Hex = `0x${"07".repeat(32)}`;
const contract = contractIdOf(forwarder, salt);

const nameBytes = 24;
const scriptDataSelector = 0x00a;

/** Calls the contract, the function and with the arguments that its data hold. */
const caller = toHex(
  assemble([
    fuel.gtf(p, reg.zero, scriptDataSelector),
    fuel.movi(q, 48),
    fuel.aloc(q),
    fuel.mcpi(reg.hp, p, 32),
    fuel.addi(q, p, 32),
    fuel.sw(reg.hp, q, 4),
    fuel.addi(q, p, 32 + nameBytes),
    fuel.sw(reg.hp, q, 5),
    fuel.call(reg.hp, reg.zero, reg.hp, reg.cgas),
    fuel.ret(reg.one),
  ]),
);

const u32 = (value: number): Uint8Array => bytesOf(`0x${value.toString(16).padStart(8, "0")}`);
const u64 = (value: number): Uint8Array => bytesOf(`0x${value.toString(16).padStart(16, "0")}`);

const callData = (to: Hex, name: string, args: Uint8Array): Hex => {
  const named = new Uint8Array(nameBytes);
  named.set(concatBytes(u64(name.length), utf8(name)));
  return toHex(concatBytes(bytesOf(to), named, args));
};

const leg = (id: BundleId, draft: Partial<Parameters<typeof script>[0]> = {}): Uint8Array =>
  sign(
    script({
      inputs: [coin(bob, 0), contractInput(contract), contractInput(gatewayId)],
      outputs: [pay(toHex(id), 0n), contractOutput(1), contractOutput(2), change(bob.address)],
      gas: 2_000_000n,
      ...draft,
    }),
    bob,
  );
const call = (id: BundleId, name: string, args: Uint8Array, to = contract): Uint8Array =>
  leg(id, { script: caller, scriptData: callData(to, name, args) });

const sendArgs = (message: Pick<SyncKey, "destination" | "recipient" | "index"> & { body: Uint8Array }): Uint8Array => {
  const { destination, recipient, index, body } = message;
  return concatBytes(u32(destination), recipient, u32(index), u64(body.length), body);
};

describeBundleCompliance("Fuel", {
  adapter: fuelAdapter,
  domain,
  config: encodeConfig(config),
  budget,
  prepare: buildEngine,
  setUp: async () => [
    sign(create({ inputs: [coin(alice, 0)], outputs: [change(alice.address)], code: forwarder, salt }), alice),
  ],
  payment: async (id) =>
    leg(id, { inputs: [coin(bob, 0)], outputs: [pay(carol.address, 5n), pay(toHex(id), 0n), change(bob.address)] }),
  failing: async (id) => leg(id, { script: programs.revert }),
  demanding: async (id, asked) => call(id, "requireBundle", asked),
  contract: bytesOf(contract),
  sending: async (id, message) => call(id, "sendSync", sendArgs(message)),
  consuming: async (id, { origin, sender, index }) => call(id, "consume", concatBytes(u32(origin), sender, u32(index))),
});

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
      const bytes = leg(id, {
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
