import { PublicKey } from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase58, toBase58 } from "./base58.ts";

describe("base58", () => {
  it("writes keys as Solana's own libraries do, and reads them back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(32), (bytes, zeros) => {
        const key = bytes.fill(0, 0, zeros);
        expect(toBase58(key)).toBe(new PublicKey(key).toBase58());
        expect(fromBase58(toBase58(key), 32)).toEqual(key);
      }),
    );
  });

  it("reads nothing but a text of the expected length", () => {
    const text = toBase58(Uint8Array.from({ length: 32 }, (_, i) => 200 + i));
    for (const wrong of ["", "0", `${text}1`, text.slice(2), `${text.slice(1)}l`, "1".repeat(31), "z".repeat(10_000)]) {
      expect(fromBase58(wrong, 32)).toBeUndefined();
    }
    expect(fromBase58(text, 33)).toBeUndefined();
    expect(fromBase58("1".repeat(32), 32)).toEqual(new Uint8Array(32));
  });
});
