import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hex } from "../../protocol/bytes.ts";
import { contract } from "./contracts/classes.ts";
import { prime } from "./felt.ts";
import { alice, bob, declare, deployAccount, erin, invoke } from "./testChain.ts";
import { type CairoTransaction, decodeTransaction, encodeTransaction } from "./transaction.ts";
import { transactionFromJson, transactionToJson } from "./transactionJson.ts";

const felt = fc.bigInt({ min: 0n, max: prime - 1n }).map((value): Hex => `0x${value.toString(16)}`);
const address = fc.bigInt({ min: 0n, max: 2n ** 251n - 257n }).map((value): Hex => `0x${value.toString(16)}`);
const uint = (bits: bigint) =>
  fc.bigInt({ min: 0n, max: 2n ** bits - 1n }).map((value): Hex => `0x${value.toString(16)}`);
const felts = fc.array(felt, { maxLength: 6 });
const bounds = fc.record({ max_amount: uint(64n), max_price_per_unit: uint(128n) });
const common = {
  nonce: felt,
  resource_bounds: fc.record({ l1_gas: bounds, l1_data_gas: bounds, l2_gas: bounds }),
  tip: uint(64n),
  signature: felts,
};
const entryPoints = fc.array(fc.record({ selector: felt, function_idx: fc.nat() }), { maxLength: 3 });
const anyTransaction: fc.Arbitrary<CairoTransaction> = fc.oneof(
  fc.record({ type: fc.constant("INVOKE" as const), ...common, sender_address: address, calldata: felts }),
  fc.record({
    ...{ type: fc.constant("DECLARE" as const), ...common, sender_address: address, compiled_class_hash: felt },
    contract_class: fc.record({
      sierra_program: felts,
      contract_class_version: fc.string(),
      entry_points_by_type: fc.record({ CONSTRUCTOR: entryPoints, EXTERNAL: entryPoints, L1_HANDLER: entryPoints }),
      abi: fc.string({ unit: "binary" }),
    }),
  }),
  fc.record({
    ...{ type: fc.constant("DEPLOY_ACCOUNT" as const), ...common, class_hash: felt },
    ...{ contract_address_salt: felt, constructor_calldata: felts },
  }),
);

const samples = [
  invoke(alice, { nonce: 3 }, { to: bob.address, entrypoint: "f", calldata: [1, 2] }),
  deployAccount(erin, { nonce: 0 }),
  declare(alice, { nonce: 1 }, { ...contract("deployer"), compiledClassHash: "0x5" }),
];

describe("the encoding", () => {
  it("keeps every transaction", () => {
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        expect(decodeTransaction(encodeTransaction(transaction))).toEqual({ ok: true, value: transaction });
      }),
    );
  });

  it("is the only one: whatever bytes decode to encodes to these bytes", () => {
    const changed = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([{ bytes }, at, change]) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ change : byte)));
    fc.assert(
      fc.property(changed, (bytes) => {
        const decoded = decodeTransaction(bytes);
        if (decoded.ok) expect(encodeTransaction(decoded.value)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it("of a class is smaller than its JSON", () => {
    const [, , { bytes } = { bytes: new Uint8Array(0) }] = samples;
    expect(bytes.length).toBeLessThan(JSON.stringify(contract("deployer").class).length * 0.8);
  });

  it.each([
    ["nothing", [], "undecodable"],
    ["another version", [1, 0], "unsupported"],
    ["an L1 handler, for which there is no kind", [3, 3], "undecodable"],
    ["a number with a leading zero", [3, 0, 2, 0, 1], "undecodable"],
    ["a number that is no felt", [3, 2, 32, ...Array(32).fill(0xff)], "undecodable"],
    [
      "a list that is longer than the bytes",
      [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff],
      "undecodable",
    ],
  ] as const)("refuses %s", (_, bytes, code) => {
    expect(decodeTransaction(Uint8Array.from(bytes))).toMatchObject({ ok: false, error: { code } });
  });

  it("refuses what is cut off or goes on, at any byte", () => {
    for (const { bytes } of samples.slice(0, 2)) {
      for (let length = 0; length < bytes.length; length++)
        expect(decodeTransaction(bytes.subarray(0, length)).ok).toBe(false);
      expect(decodeTransaction(Uint8Array.of(...bytes, 0)).ok).toBe(false);
    }
  });
});

describe("the JSON of Starknet's RPC", () => {
  it("is read as it is shown", () => {
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        const shown = transactionToJson(transaction, "0x1");
        const json = transaction.type === "DECLARE" ? { ...shown, contract_class: transaction.contract_class } : shown;
        expect(transactionFromJson(json)).toEqual({ ok: true, value: { transaction, query: false } });
      }),
    );
  });

  it("may have numbers with leading zeros and capitals, and says by its version that it is only to be simulated", () => {
    const [{ transaction } = { transaction: undefined }] = samples;
    if (transaction?.type !== "INVOKE") throw new Error("not an INVOKE");
    const padded = `0x${transaction.sender_address.slice(2).toUpperCase().padStart(64, "0")}`;
    const json = {
      ...transactionToJson(transaction),
      sender_address: padded,
      version: "0x100000000000000000000000000000003",
    };
    expect(transactionFromJson(json)).toEqual({ ok: true, value: { transaction, query: true } });
  });

  it.each([
    ["an L1 handler", { type: "L1_HANDLER", version: "0x0" }, "unsupported"],
    ["an old version", { ...samples[0]?.transaction, version: "0x1" }, "unsupported"],
    ["data for a paymaster", { ...samples[0]?.transaction, version: "0x3", paymaster_data: ["0x1"] }, "undecodable"],
    ["data on L2", { ...samples[0]?.transaction, version: "0x3", fee_data_availability_mode: "L2" }, "undecodable"],
    ["no signature", { ...samples[0]?.transaction, version: "0x3", signature: undefined }, "undecodable"],
    ["a text", "INVOKE", "undecodable"],
  ])("with %s is refused", (_, json, code) => {
    expect(transactionFromJson(json)).toMatchObject({ ok: false, error: { code } });
  });
});
