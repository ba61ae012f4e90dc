import { readFileSync } from "node:fs";
import { ComputeBudgetProgram, PublicKey, TransactionInstruction } from "@solana/web3.js";
import { describe, expect, it } from "vitest";
import type { BundleId } from "../../protocol/ids.ts";
import { deployment } from "../../test/fixtures/svmLoader.ts";
import { describeBundleCompliance, testBundleId } from "../bundleCompliance.ts";
import { svmAdapter } from "./adapter.ts";
import { isMarked, readLeg } from "./codec/leg.ts";
import { consumeData, gatewayProgram, gatewayState, requireBundleData, sendSyncData } from "./contracts/gateway.ts";
import {
  alice,
  bob,
  budget,
  buildEngine,
  carol,
  config,
  domain,
  encodeConfig,
  keypairOf,
  sign,
  signVersioned,
  transfer,
} from "./testChain.ts";

const [gateway, state] = [gatewayProgram, gatewayState].map((key) => new PublicKey(key)) as [PublicKey, PublicKey];
const code = Uint8Array.from(readFileSync(new URL("../../test/contracts/svm/messenger.so", import.meta.url)));
const [buffer, messenger] = [keypairOf("buffer"), keypairOf("messenger")];
const [contract, bump] = PublicKey.findProgramAddressSync([], messenger.publicKey);

const to = (program: PublicKey, keys: [PublicKey, boolean, boolean][], data: Uint8Array): TransactionInstruction =>
  new TransactionInstruction({
    programId: program,
    keys: keys.map(([pubkey, isSigner, isWritable]) => ({ pubkey, isSigner, isWritable })),
    data: Buffer.from(data),
  });
const marker = (id: BundleId) => to(gateway, [[state, false, false]], requireBundleData(id));
const leg = (id: BundleId, ...instructions: TransactionInstruction[]): Uint8Array =>
  sign({ instructions: [marker(id), ...instructions], signers: [bob], recent: 0 });
/** Has the messenger call the gateway. */
const call = (id: BundleId, data: Uint8Array): Uint8Array =>
  leg(
    id,
    to(
      messenger.publicKey,
      [
        [state, false, true],
        [contract, false, false],
        [gateway, false, false],
      ],
      Uint8Array.of(bump, ...data),
    ),
  );

describeBundleCompliance("SVM", {
  adapter: svmAdapter,
  domain,
  config: encodeConfig(config),
  budget,
  prepare: buildEngine,
  setUp: async () => {
    const { open, writes, deploy } = deployment(alice.publicKey, buffer.publicKey, messenger.publicKey, code);
    return [
      sign({ instructions: open, signers: [alice, buffer], recent: 0 }),
      ...writes.map((instructions) => sign({ instructions, signers: [alice], recent: 0 })),
      sign({ instructions: deploy, signers: [alice, messenger], recent: 0 }),
    ];
  },
  payment: async (id) => leg(id, transfer(bob, carol.publicKey, 5n)),
  failing: async (id) => leg(id, transfer(bob, carol.publicKey, 10n ** 15n)),
  demanding: async (id, asked) => call(id, requireBundleData(asked)),
  contract: contract.toBytes(),
  sending: async (id, { destination, recipient, index, body }) =>
    call(id, sendSyncData(destination, recipient, index, body)),
  consuming: async (id, { origin, sender, index }) => call(id, consumeData(origin, sender, index)),
});

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
