import { RLP } from "@ethereumjs/rlp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../protocol/bytes.ts";
import { decodeRlp, encodeRlp, integerBytes, type Rlp, rlpInteger } from "./rlp.ts";

const { item } = fc.letrec<{ item: Rlp; list: Rlp[] }>((tie) => ({
  item: fc.oneof({ maxDepth: 4 }, fc.uint8Array({ maxLength: 80 }), tie("list")),
  list: fc.array(tie("item"), { maxLength: 6 }),
}));

describe("RLP", () => {
  it("encodes as another implementation does, and decodes it back", () => {
    fc.assert(
      fc.property(item, (value) => {
        const encoded = encodeRlp(value);
        expect(toHex(encoded)).toBe(toHex(RLP.encode(value as Parameters<typeof RLP.encode>[0])));
        expect(decodeRlp(encoded)).toEqual({ ok: true, value });
      }),
    );
  });

  it("decodes nothing but what it would encode", () => {
    const mutated = fc.tuple(item.map(encodeRlp), fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
      const changed = Uint8Array.from(bytes);
      changed[at % changed.length] = byte;
      return changed;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), mutated), (bytes) => {
        const decoded = decodeRlp(bytes);
        if (decoded.ok) expect(encodeRlp(decoded.value)).toEqual(bytes);
        else expect(decoded.error.code).toBe("undecodable");
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["nothing", []],
    ["a prefixed small byte", [0x81, 0x05]],
    ["a long form for a short string", [0xb8, 0x01, 0xff]],
    ["a length with leading zeros", [0xb9, 0x00, 0x40]],
    ["a string that is cut off", [0x83, 0x01, 0x02]],
    ["a list whose last item sticks out", [0xc2, 0x82, 0x01]],
    ["trailing bytes", [0xc0, 0x00]],
    ["a length beyond any memory", [0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["lists nested too deeply", new Array<number>(100).fill(0xc1)],
  ])("refuses %s", (_, bytes) => {
    expect(decodeRlp(Uint8Array.from(bytes))).toMatchObject({ ok: false, error: { code: "undecodable" } });
  });

  it("writes integers without leading zeros, and reads no others", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n }), (value) => {
        expect(rlpInteger(integerBytes(value))).toBe(value);
      }),
    );
    expect(() => rlpInteger(Uint8Array.of(0, 1))).toThrow(/leading zeros/);
  });
});
