import { ComputeBudgetProgram, type TransactionInstruction } from "@solana/web3.js";
import { describe, expect, it } from "vitest";
import { describeBundleCompliance, testBundleId } from "../../test/fixtures/legs/compliance.ts";
import { gateway, marker, state, svmLegs, to } from "../../test/fixtures/legs/svm.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import { bob, carol, sign, signVersioned, transfer } from "./testChain.ts";

describeBundleCompliance("SVM", svmLegs);

describe("a Solana transaction", () => {
  const id = testBundleId(1);
  const pay = transfer(bob, carol.publicKey, 1n);
  const codes = (bytes: Uint8Array) => {
    const read = readLeg(bytes);
    return [read.ok ? "ok" : read.error.code, isMarked(bytes)];
  };
  const legacy = (...instructions: TransactionInstruction[]) =>
    codes(sign({ instructions, signers: [bob], recent: 0 }));

  it("is a leg with the gateway's instruction anywhere at the top, legacy or not", () => {
    expect(legacy(marker(id), pay)).toEqual(["ok", true]);
    expect(legacy(ComputeBudgetProgram.setComputeUnitLimit({ units: 5_000 }), pay, marker(id))).toEqual(["ok", true]);
    expect(codes(signVersioned({ instructions: [pay, marker(id)], signers: [bob], recent: 0 }))).toEqual(["ok", true]);
  });

  it("is none without it, with two, or with another length", () => {
    expect(legacy(pay)).toEqual(["marker_missing", false]);
    expect(legacy(marker(id), marker(id))).toEqual(["marker_repeated", true]);
    expect(legacy(to(gateway, [[state, false, false]], Uint8Array.of(0, 1)))).toEqual(["marker_missing", true]);
    expect(legacy(to(gateway, [[state, false, false]], Uint8Array.of(2, 1)))).toEqual(["marker_missing", false]);
  });
});
