import { expect, test } from "vitest";
import { toHex } from "../../protocol/bytes.ts";
import type { Recovery } from "../../protocol/control.ts";
import { asDomain, asHeight, asPublicKey, asRevision, asRoot } from "../../protocol/ids.ts";
import { lanePositions, revisionAt, skippedAt } from "./recoveries.ts";

const [data, evm] = [asDomain(1), asDomain(31337)];
const id = (byte: number) => asRoot(new Uint8Array(32).fill(byte));
const key = (byte: number) => toHex(id(byte));
const skip = (domain: typeof evm, height: number, byte: number) => ({ domain, height: asHeight(height), id: id(byte) });
const recoveries: Recovery[] = [
  { base: asHeight(10), revision: asRevision(1), drop: [], skip: [skip(evm, 11, 1), skip(data, 12, 2)] },
  { base: asHeight(10), revision: asRevision(2), drop: [data], skip: [skip(evm, 11, 3)] },
  { base: asHeight(30), revision: asRevision(3), drop: [], skip: [skip(evm, 31, 4)] },
];

test("a height is executed under the newest recovery from below it", () => {
  const revisions = [10, 11, 30, 31].map((height) => revisionAt(recoveries, asHeight(height)));
  expect(revisions).toEqual([0, 2, 2, 3]);
  expect(revisionAt([], asHeight(5))).toBe(0);
});

test("what an earlier recovery left out stays out", () => {
  expect(skippedAt(recoveries, evm, asHeight(11))).toEqual(new Set([key(1), key(3)]));
  expect(skippedAt(recoveries, data, asHeight(11))).toEqual(new Set());
  expect(skippedAt(recoveries, data, asHeight(12))).toEqual(new Set([key(2)]));
});

test("positions are those of the slice as it was ordered", () => {
  const declarations = [{ producer: asPublicKey(new Uint8Array(48)), gas: 1 }];
  const slice = [1, 2, 3].map((byte) => ({ key: key(byte), declarations }));
  expect(lanePositions(slice, new Set())).toEqual([0, 1, 2]);
  expect(lanePositions(slice, new Set([key(1), key(9)]))).toEqual([1, 2]);
  expect(lanePositions([...slice, { key: key(4), declarations: [] }], new Set([key(1)]))).toEqual([1, 2]);
});
