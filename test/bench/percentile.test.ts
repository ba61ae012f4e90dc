import * as fc from "fast-check";
import { expect, test } from "vitest";
import { percentiles } from "./percentile.ts";

test("of 1 to 100, a percentile is its own number", () => {
  const shuffled = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
  expect(percentiles(shuffled)).toEqual({ p50: 50, p90: 90, p99: 99 });
});

test("of one value, all are that value; of none there is none", () => {
  expect(percentiles([7])).toEqual({ p50: 7, p90: 7, p99: 7 });
  expect(percentiles([])).toBeUndefined();
});

test("numbers are compared as numbers", () => {
  expect(percentiles([9, 10, 100])?.p50).toBe(10);
});

test("at least the share of values is not above a percentile, and it is one of them", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (values) => {
      const found = percentiles(values);
      const shares = { p50: 0.5, p90: 0.9, p99: 0.99 };
      for (const [name, share] of Object.entries(shares)) {
        const value = found?.[name as keyof typeof shares] ?? Number.NaN;
        expect(values).toContain(value);
        expect(values.filter((other) => other <= value).length).toBeGreaterThanOrEqual(share * values.length);
      }
    }),
  );
});
