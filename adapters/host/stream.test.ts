import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flattenPairs, fromParts, toPairs, toParts } from "./stream.ts";

const MiB = 1024 * 1024;

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe("parts of a stream", () => {
  it("come together to what was cut, wherever they are cut", async () => {
    const strings = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(strings, fc.integer({ min: 1, max: 40 }), async (items, size) => {
        const whole = Buffer.concat(await collect(toParts(each(items))));
        const parts = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
          whole.subarray(i * size, (i + 1) * size),
        );
        const back = await collect(fromParts(each(parts)));
        expect(back.map((item) => [...item])).toEqual(items.map((item) => [...item]));
      }),
    );
  });

  it("have at most a MiB, however long an item is", async () => {
    const items = [new Uint8Array(3 * MiB + 5).fill(1), new Uint8Array(0), new Uint8Array(MiB).fill(2)];
    const parts = await collect(toParts(each(items)));
    expect(parts.map(({ length }) => length)).toEqual([MiB, MiB, MiB, MiB, 5 + 3 * 4]);
    const back = await collect(fromParts(each(parts)));
    expect(back.map(({ length }) => length)).toEqual(items.map(({ length }) => length));
    expect(Buffer.concat(back).equals(Buffer.concat(items))).toBe(true);
  });

  it("are refused when they end within an item", async () => {
    const [part = new Uint8Array(0)] = await collect(toParts(each([new Uint8Array(9)])));
    await expect(collect(fromParts(each([part.subarray(0, 10)])))).rejects.toMatchObject({ code: "undecodable" });
  });

  it("carry pairs", async () => {
    const pairs = [1, 2, 3].map((n) => [Uint8Array.of(n), new Uint8Array(n)] as const);
    const parts = toParts(flattenPairs(each(pairs)));
    expect(await collect(toPairs(fromParts(parts)))).toEqual(pairs);
  });
});
