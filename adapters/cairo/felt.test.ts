import { describe, expect, it } from "vitest";
import { addressSchema, feltSchema, prime, uint64Schema } from "./felt.ts";

const hex = (value: bigint) => `0x${value.toString(16)}`;

describe("a felt in JSON", () => {
  it("is read in any spelling, and given without capitals and leading zeros", () => {
    expect(feltSchema.parse("0x00aBc")).toBe("0xabc");
    expect(feltSchema.parse("0x0")).toBe("0x0");
    expect(feltSchema.parse(hex(prime - 1n))).toBe(hex(prime - 1n));
  });

  it.each(["", "0x", "x", "12", "0xg", "-0x1", ` 0x1`, hex(prime), `0x${"1".repeat(65)}`, 7, null, undefined, {}])(
    "is not %j",
    (value) => {
      for (const schema of [feltSchema, addressSchema, uint64Schema]) {
        expect(schema.safeParse(value).success).toBe(false);
      }
    },
  );
});
