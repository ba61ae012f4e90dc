import { isScalarType } from "graphql";
import { describe, expect, it } from "vitest";
import { createSchema } from "./schema.ts";

const schema = createSchema();
const scalar = (name: string) => {
  const type = schema.getType(name);
  if (!isScalarType(type)) throw new Error(`${name} is no scalar`);
  return type;
};
const b256 = `0x${"ab".repeat(32)}`;

describe("scalars", () => {
  it("of byte strings are hexadecimal, with or without 0x, in either case", () => {
    const { parseValue, serialize } = scalar("Address");
    expect(parseValue(b256)).toBe(b256);
    expect(parseValue(b256.slice(2).toUpperCase())).toBe(b256);
    expect(serialize(b256)).toBe(b256);
    for (const wrong of [b256.slice(0, -2), `${b256}00`, "0xzz", 7, null]) {
      expect(() => parseValue(wrong)).toThrow(/invalid Address: expected 32 bytes/);
    }
    expect(scalar("HexString").parseValue("0x0102")).toBe("0x0102");
    expect(() => scalar("HexString").parseValue("0x1")).toThrow(/hexadecimal/);
  });

  it("of integers are decimal strings, and take numbers too", () => {
    const { parseValue, serialize } = scalar("U64");
    expect([parseValue("18446744073709551615"), parseValue(5)]).toEqual([2n ** 64n - 1n, 5n]);
    expect([serialize(2n ** 64n - 1n), serialize(7)]).toEqual(["18446744073709551615", "7"]);
    for (const wrong of ["18446744073709551616", "-1", "0x1", 1.5, "", null]) {
      expect(() => parseValue(wrong)).toThrow(/unsigned integer of 64 bits/);
    }
    expect(() => scalar("U16").parseValue("65536")).toThrow(/16 bits/);
    expect(scalar("U128").parseValue(String(2n ** 127n))).toBe(2n ** 127n);
  });

  it("of outputs and places have fixed lengths", () => {
    const { parseValue, serialize } = scalar("UtxoId");
    expect(parseValue(`${b256}0102`)).toEqual({ txId: b256, index: 258 });
    expect(serialize({ txId: b256, index: 258 })).toBe(`${b256}0102`);
    expect(scalar("TxPointer").serialize({ height: 258, index: 3 })).toBe("000001020003");
  });
});
