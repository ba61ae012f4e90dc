import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hex } from "../../protocol/bytes.ts";
import { dependencyOrder } from "./order.ts";

const id = (number: number): Hex => `0x${number}`;
const entry = (number: number, ...parents: number[]) => ({ id: id(number), parents: parents.map(id) });

describe("the order of a slice", () => {
  it("is the one it was ordered in where nothing depends on anything behind it", () => {
    expect(dependencyOrder([entry(0), entry(1, 0), entry(2, 1, 9)])).toEqual([0, 1, 2]);
  });

  it("puts what is spent right before the first that spends it", () => {
    expect(dependencyOrder([entry(0, 2), entry(1), entry(2, 3), entry(3)])).toEqual([3, 2, 0, 1]);
  });

  it("has every entry once, each behind its parents, however long the chain", () => {
    const graph = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 60 }).chain((parents) =>
      fc.shuffledSubarray(
        parents.map((list, i) => entry(i, ...list.filter(() => i > 0).map((n) => n % Math.max(i, 1)))),
        { minLength: parents.length },
      ),
    );
    fc.assert(
      fc.property(graph, (entries) => {
        const order = dependencyOrder(entries);
        expect(order.toSorted((a, b) => a - b)).toEqual(entries.map((_, i) => i));
        const placeOf = new Map(order.map((position, place) => [entries[position]?.id, place]));
        for (const { id, parents } of entries) {
          for (const parent of parents) expect(placeOf.get(parent)).toBeLessThan(placeOf.get(id) ?? -1);
        }
      }),
    );
    const chain = Array.from({ length: 50_000 }, (_, i) => entry(i, i + 1));
    expect(dependencyOrder(chain).slice(0, 2)).toEqual([49_999, 49_998]);
  });
});
