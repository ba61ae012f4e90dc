import { expect, test } from "vitest";
import type { LoadTimes } from "./load.ts";
import { countTogether } from "./together.ts";

const times = (executed: number, steps: [ms: number, transactions: number][]): LoadTimes => ({
  acknowledged: 1,
  resent: 0,
  refusals: [],
  executed,
  steps: steps.map(([ms, transactions]) => ({ ms, transactions })),
});

test("only what was executed while every VM had transfers left counts", () => {
  const fast = times(1000, [
    [500, 60],
    [1000, 100],
  ]);
  const slow = times(3000, [
    [900, 4],
    [1100, 5],
    [3000, 10],
  ]);
  const { ms, vms } = countTogether([
    { vm: "evm", times: fast },
    { vm: "cairo", times: slow },
  ]);
  expect(ms).toBe(1000);
  expect(vms.map(({ vm, executed }) => [vm, executed])).toEqual([
    ["evm", 100],
    ["cairo", 4],
  ]);
});

test("a VM that executed nothing in that time has done nothing", () => {
  const { vms } = countTogether([
    { vm: "evm", times: times(10, [[10, 1]]) },
    { vm: "fuel", times: times(20, [[20, 1]]) },
  ]);
  expect(vms.map(({ executed }) => executed)).toEqual([1, 0]);
});
