import fc from "fast-check";
import { expect, test } from "vitest";
import { packBytes, unpackBytes } from "./byteLists.ts";

const lists = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 });

test("a list is what was packed", () => {
  fc.assert(
    fc.property(lists, (items) => {
      expect(unpackBytes(packBytes(items))).toEqual(items);
    }),
  );
});

test("a list that was cut off is refused, unless what is left is one", () => {
  fc.assert(
    fc.property(lists, fc.nat(), (items, at) => {
      const packed = packBytes(items);
      const cut = packed.subarray(0, at % (packed.length + 1));
      const whole = items.findIndex((_, count) => packBytes(items.slice(0, count)).length >= cut.length);
      const expected = items.slice(0, whole === -1 ? items.length : whole);
      if (packBytes(expected).length === cut.length) expect(unpackBytes(cut)).toEqual(expected);
      else expect(() => unpackBytes(cut)).toThrow(expect.objectContaining({ code: "undecodable" }));
    }),
  );
});
