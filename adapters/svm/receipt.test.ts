import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeReceipt, encodeReceipt, type Receipt } from "./receipt.ts";
import type { TransactionError } from "./transactionError.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const key = bytes(32);
const u8 = fc.nat(255);
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

const error: fc.Arbitrary<TransactionError> = fc.oneof(
  fc.record({ kind: fc.constant("named" as const), number: fc.nat(34) }),
  fc.record({ kind: fc.constant("duplicate_instruction" as const), index: u8 }),
  fc.record({ kind: fc.constant("rent" as const), account: u8 }),
  fc.record({ kind: fc.constant("restricted" as const), account: u8 }),
  fc.record({
    kind: fc.constant("instruction" as const),
    index: u8,
    error: fc.oneof(
      fc.record({ kind: fc.constant("named" as const), number: fc.nat(52) }),
      fc.record({ kind: fc.constant("custom" as const), code: fc.nat(2 ** 32 - 1) }),
    ),
  }),
);

const balances = fc.record({
  lamports: fc.array(u64),
  tokens: fc.array(fc.record({ account: u8, mint: key, owner: key, program: key, amount: u64, decimals: u8 }), {
    maxLength: 3,
  }),
});

const receipt: fc.Arbitrary<Receipt> = fc.record(
  {
    error,
    unitsConsumed: fc.nat(1_400_000),
    logs: fc.array(fc.string({ unit: "binary" }), { maxLength: 5 }),
    inner: fc.array(
      fc.array(fc.record({ program: u8, accounts: fc.uint8Array(), data: fc.uint8Array(), stackHeight: fc.nat(9) }), {
        maxLength: 2,
      }),
      { maxLength: 3 },
    ),
    returnData: fc.record({ program: key, data: fc.uint8Array() }),
    fee: u64,
    loaded: fc.record({ writable: fc.array(key, { maxLength: 3 }), readonly: fc.array(key, { maxLength: 3 }) }),
    before: balances,
    after: balances,
  },
  { requiredKeys: ["unitsConsumed", "logs", "inner", "fee", "loaded", "before", "after"] },
);

describe("a receipt", () => {
  it("reads back as it was written", () => {
    fc.assert(fc.property(receipt, (each) => void expect(decodeReceipt(encodeReceipt(each))).toEqual(each)));
  });

  it("is refused when it is cut off or longer", () => {
    fc.assert(
      fc.property(receipt, fc.nat(), (each, at) => {
        const encoded = encodeReceipt(each);
        expect(() => decodeReceipt(encoded.subarray(0, at % encoded.length))).toThrow();
        expect(() => decodeReceipt(Uint8Array.of(...encoded, 0))).toThrow(/after its end/);
      }),
    );
  });
});
