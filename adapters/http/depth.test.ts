import fc from "fast-check";
import { expect, test } from "vitest";
import { nestsDeeper } from "./depth.ts";

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

test("the depth of any JSON is told exactly, whatever its texts hold", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const [text, depth] = [JSON.stringify(value), depthOf(value)];
      expect(nestsDeeper(text, depth)).toBe(false);
      if (depth > 0) expect(nestsDeeper(text, depth - 1)).toBe(true);
    }),
  );
});

test("what is no JSON has a depth as well", () => {
  expect(nestsDeeper("[".repeat(64), 64)).toBe(false);
  expect(nestsDeeper(`]]]]${"[{".repeat(40)}`, 64)).toBe(true);
  expect(nestsDeeper(`"\\"[[[["`, 3)).toBe(false);
});
