import { expect, test } from "vitest";
import { parseOctets } from "../../sequencer/api/body.ts";
import { chunksOf, deal, octets } from "./bodies.ts";

test("octets are what the API reads", () => {
  const transactions = [new Uint8Array([1, 2, 3]), new Uint8Array(300).fill(7)];
  const parsed = parseOctets(octets(transactions));
  expect(parsed.ok && parsed.value.map((bytes) => [...bytes])).toEqual(transactions.map((bytes) => [...bytes]));
});

test("chunks and hands hold everything once, in order", () => {
  const items = [0, 1, 2, 3, 4, 5, 6];
  expect(chunksOf(items, 3)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  expect(deal(items, 3)).toEqual([
    [0, 3, 6],
    [1, 4],
    [2, 5],
  ]);
});
