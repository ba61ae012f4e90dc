import { describe, expect, it } from "vitest";
import { cairoLegs, declaration, marker, transfer } from "../../test/fixtures/legs/cairo.ts";
import { describeBundleCompliance, testBundleId } from "../../test/fixtures/legs/compliance.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import { bob, type Call, invoke } from "./testChain.ts";

describeBundleCompliance("Cairo", cairoLegs);

describe("a Cairo transaction", () => {
  const id = testBundleId(1);
  const codes = (...calls: Call[]) => {
    const { bytes } = invoke(bob, { nonce: 0 }, ...calls);
    const read = readLeg(bytes);
    return [read.ok ? "ok" : read.error.code, isMarked(bytes)];
  };

  it("is a leg if its first call is the marker", () => {
    expect(codes(marker(id), transfer(5n))).toEqual(["ok", true]);
    expect(codes(marker(id))).toEqual(["ok", true]);
  });

  it("is none if it comes later, or has something else beside the id", () => {
    expect(codes(transfer(5n), marker(id))).toEqual(["marker_missing", false]);
    expect(codes(transfer(5n))).toEqual(["marker_missing", false]);
    expect(codes({ ...marker(id), calldata: [1, 2] })).toEqual(["marker_missing", true]);
    expect(codes({ ...marker(id), entrypoint: "consume" })).toEqual(["marker_missing", false]);
  });

  it("is none if it declares", () => {
    const read = readLeg(declaration("0x1"));
    expect(read.ok ? "ok" : read.error.code).toBe("unsupported");
  });
});
