import { describe, expect, it } from "vitest";
import { readLeg } from "../../adapters/evm/codec/leg.ts";
import { asBundleId, asHeight, asRoot } from "../../protocol/ids.ts";
import { type Input, inputKinds } from "../../protocol/inputs.ts";
import type { Summary } from "../../protocol/summary.ts";
import { buildChain } from "../../test/fixtures/chain.ts";
import { testBundleId } from "../../test/fixtures/legs/compliance.ts";
import { evmLegs } from "../../test/fixtures/legs/evm.ts";
import { bundleIn, committedLegs } from "./bundle.ts";

const [kept, undone, other] = [1, 2, 3].map(testBundleId) as [
  ReturnType<typeof testBundleId>,
  ReturnType<typeof testBundleId>,
  ReturnType<typeof testBundleId>,
];
const input = (kind: number, bytes: Uint8Array): Input => ({ kind, bytes, reason: new Uint8Array() });

const summaryWith = (): Summary => {
  const summary = buildChain().summaries.at(-1) as Summary;
  return {
    ...summary,
    height: asHeight(9),
    bundles: [
      { id: asRoot(kept), committed: true },
      { id: asRoot(undone), committed: false },
    ],
  };
};

describe("a summary", () => {
  it("says of each executed bundle whether it was kept, and nothing of others", () => {
    const summary = summaryWith();
    expect(bundleIn(summary, kept)).toEqual({ ok: true, value: { id: kept, height: 9, committed: true } });
    expect(bundleIn(summary, undone)).toMatchObject({ ok: true, value: { committed: false } });
    expect(bundleIn(summary, asBundleId(other))).toMatchObject({ ok: false, error: { code: "bundle_absent" } });
  });
});

describe("a tenant's inputs", () => {
  it("show that each leg's bundle was committed everywhere", async () => {
    const leg = await evmLegs.payment(kept, 0, 5);
    const inputs = [
      input(inputKinds.write, new Uint8Array(20)),
      input(inputKinds.leg, leg),
      input(inputKinds.transaction, leg),
    ];
    expect(committedLegs(inputs, summaryWith(), readLeg)).toEqual({
      ok: true,
      value: [{ transaction: leg, bundle: kept }],
    });
  });

  it("show no leg of a bundle that was undone, that is unknown, or that is no leg", async () => {
    const codeOf = (bytes: Uint8Array) => {
      const legs = committedLegs([input(inputKinds.leg, bytes)], summaryWith(), readLeg);
      return legs.ok ? "ok" : legs.error.code;
    };
    expect(codeOf(await evmLegs.payment(undone, 0, 5))).toBe("wrong_inputs");
    expect(codeOf(await evmLegs.payment(other, 0, 5))).toBe("bundle_absent");
    expect(codeOf(Uint8Array.of(2, 1, 0))).toBe("wrong_inputs");
  });
});
