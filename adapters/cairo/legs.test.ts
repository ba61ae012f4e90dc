import { describe, expect, it } from "vitest";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import type { BundleId } from "../../protocol/ids.ts";
import { readClass } from "../../test/fixtures/cairoClass.ts";
import { describeBundleCompliance, testBundleId } from "../bundleCompliance.ts";
import { cairoAdapter } from "./adapter.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import { classHashOf, contractAddress } from "./contracts/classHash.ts";
import { consumeCalldata, gatewayAddress, sendSyncCalldata } from "./contracts/gateway.ts";
import { feltBytes } from "./felt.ts";
import { deployerAddress, strkAddress } from "./genesis.ts";
import {
  alice,
  bob,
  bounds,
  budget,
  buildEngine,
  type Call,
  carol,
  config,
  declare,
  domain,
  encodeConfig,
  invoke,
} from "./testChain.ts";

const messenger = readClass("messenger");
const classHash = classHashOf(messenger);
const contract = contractAddress({ classHash, salt: "0x7", calldata: [], deployer: "0x0" });

/** The engine says what it is when it is declared under another. */
let compiledClassHash: Hex = "0x0";
const declaration = (hash: Hex): Uint8Array =>
  declare(alice, { nonce: 0, bounds: bounds(500_000_000n) }, { class: messenger, classHash, compiledClassHash: hash })
    .bytes;

const marker = (id: BundleId): Call => ({ to: gatewayAddress, entrypoint: "require_bundle", calldata: [toHex(id)] });
const leg = (id: BundleId, ...calls: Call[]) => invoke(bob, { nonce: 0 }, marker(id), ...calls).bytes;
const call = (id: BundleId, entrypoint: string, calldata: Call["calldata"]) =>
  leg(id, { to: contract, entrypoint, calldata });
const transfer: Call = { to: strkAddress, entrypoint: "transfer", calldata: [carol.address, 5, 0] };

describeBundleCompliance("Cairo", {
  adapter: cairoAdapter,
  domain,
  config: encodeConfig(config),
  budget,
  prepare: async () => {
    await buildEngine();
    const { executor } = await cairoAdapter.open({ domain, config: encodeConfig(config), budget });
    const [refused] = await executor.inspect([declaration("0x0")]);
    await executor.close();
    const [, hash] = /compiles to (0x[0-9a-f]+)/.exec(refused?.ok === false ? refused.error.message : "") ?? [];
    compiledClassHash = hash as Hex;
  },
  setUp: async () => [
    declaration(compiledClassHash),
    invoke(alice, { nonce: 1 }, { to: deployerAddress, entrypoint: "deploy_contract", calldata: [classHash, 7, 0, 0] })
      .bytes,
  ],
  payment: async (id) => leg(id, transfer),
  failing: async (id) => call(id, "fail", []),
  demanding: async (id, asked) => call(id, "demand", [toHex(asked)]),
  contract: feltBytes(contract),
  sending: async (id, { destination, recipient, index, body }) =>
    call(id, "send", sendSyncCalldata(destination, recipient, index, body)),
  consuming: async (id, { origin, sender, index }) => call(id, "hear", consumeCalldata(origin, sender, index)),
});

describe("a Cairo transaction", () => {
  const id = testBundleId(1);
  const codes = (...calls: Call[]) => {
    const { bytes } = invoke(bob, { nonce: 0 }, ...calls);
    const read = readLeg(bytes);
    return [read.ok ? "ok" : read.error.code, isMarked(bytes)];
  };

  it("is a leg if its first call is the marker", () => {
    expect(codes(marker(id), transfer)).toEqual(["ok", true]);
    expect(codes(marker(id))).toEqual(["ok", true]);
  });

  it("is none if it comes later, or has something else beside the id", () => {
    expect(codes(transfer, marker(id))).toEqual(["marker_missing", false]);
    expect(codes(transfer)).toEqual(["marker_missing", false]);
    expect(codes({ ...marker(id), calldata: [1, 2] })).toEqual(["marker_missing", true]);
    expect(codes({ ...marker(id), entrypoint: "consume" })).toEqual(["marker_missing", false]);
  });

  it("is none if it declares", () => {
    const read = readLeg(declaration("0x1"));
    expect(read.ok ? "ok" : read.error.code).toBe("unsupported");
  });
});
