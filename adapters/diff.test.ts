import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../protocol/bytes.ts";
import { type Change, diffWrites, invertDiff, packDiff, unpackDiff } from "./diff.ts";

const bytes = fc.uint8Array({ maxLength: 20 });
const value = fc.option(bytes, { nil: undefined });
const diffs = fc.uniqueArray(fc.record({ key: bytes, before: value, after: value }), {
  selector: ({ key }) => toHex(key),
  maxLength: 20,
});

const apply = (state: ReadonlyMap<string, string>, packed: Uint8Array): Map<string, string> => {
  const next = new Map(state);
  for (const { key, value } of diffWrites(packed)) {
    if (value === undefined) next.delete(toHex(key));
    else next.set(toHex(key), toHex(value));
  }
  return next;
};

const stateBefore = (changes: readonly Change[]): Map<string, string> =>
  new Map(changes.flatMap(({ key, before }) => (before === undefined ? [] : [[toHex(key), toHex(before)]])));

describe("packed diffs", () => {
  it("have one layout", () => {
    const packed = packDiff([
      { key: utf8("b"), before: undefined, after: utf8("new") },
      { key: utf8("a"), before: utf8("old"), after: undefined },
    ]);
    expect(toHex(packed)).toBe(
      `0x${["0001", "61", "00000003", "6f6c64", "ffffffff", "0001", "62", "ffffffff", "00000003", "6e6577"].join("")}`,
    );
  });

  it("unpack to what was packed, in key order", () => {
    fc.assert(
      fc.property(diffs, (changes) => {
        const unpacked = unpackDiff(packDiff(changes));
        const sorted = changes.toSorted((a, b) => Buffer.compare(a.key, b.key));
        expect(unpacked.map((change) => ({ ...change }))).toEqual(sorted);
        expect(packDiff(unpacked)).toEqual(packDiff(changes));
      }),
    );
  });

  it("take a state forward, and back when inverted", () => {
    fc.assert(
      fc.property(diffs, (changes) => {
        const before = stateBefore(changes);
        const packed = packDiff(changes);
        expect(apply(apply(before, packed), invertDiff(packed))).toEqual(before);
        expect(invertDiff(invertDiff(packed))).toEqual(packed);
      }),
    );
  });

  it("refuse a key that stands twice", () => {
    const change = { key: utf8("a"), before: undefined, after: utf8("x") };
    expect(() => packDiff([change, change])).toThrow(expect.objectContaining({ code: "bad_diff" }));
  });

  it("refuse keys out of order", () => {
    const [a, b] = ["a", "b"].map((key) => packDiff([{ key: utf8(key), before: undefined, after: utf8("x") }]));
    const swapped = Buffer.concat([b ?? new Uint8Array(), a ?? new Uint8Array()]);
    expect(() => unpackDiff(swapped)).toThrow(expect.objectContaining({ code: "bad_diff" }));
  });

  it("either unpack and pack to the same bytes, or are refused with an error of ours", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 60 }), diffs.map(packDiff)),
        fc.nat(),
        fc.nat(255),
        (packed, at, byte) => {
          const changed = Uint8Array.from(packed);
          if (changed.length > 0) changed[at % changed.length] = byte;
          let changes: Change[];
          try {
            changes = unpackDiff(changed);
          } catch (error) {
            expect(error).toMatchObject({ code: "bad_diff" });
            return;
          }
          expect(packDiff(changes)).toEqual(changed);
        },
      ),
    );
  });
});
