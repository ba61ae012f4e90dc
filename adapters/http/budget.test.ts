import { expect, test } from "vitest";
import { createBudget } from "./budget.ts";

const purse = (cap: number) => {
  const budget = createBudget(cap);
  const gone: string[] = [];
  const open = (name: string, waits = true) => budget.open({ isWaiting: () => waits, evict: () => gone.push(name) });
  return { budget, gone, open };
};

test("bytes are had as long as there are some, and can be had again once given back", () => {
  const { budget, gone, open } = purse(100);
  const [a, b] = [open("a"), open("b")];
  expect([a.take(60), b.take(40)]).toEqual([true, true]);
  a.give(10);
  expect(b.take(10)).toBe(true);
  b.end();
  expect(budget.used).toBe(50);
  expect(gone).toEqual([]);
});

test("who waits with the most gives way to those that hold less", () => {
  const { gone, open } = purse(100);
  const [large, small, late] = [open("large"), open("small"), open("late")];
  expect([large.take(70), small.take(30)]).toEqual([true, true]);
  expect(late.take(20)).toBe(true);
  expect(gone).toEqual(["large"]);
  expect(large.take(1)).toBe(false);
});

test("nobody gives way to one that wants more, nor while it is being worked for", () => {
  const { gone, open } = purse(100);
  const [waiting, working, greedy] = [open("waiting"), open("working", false), open("greedy")];
  expect([waiting.take(40), working.take(60)]).toEqual([true, true]);
  expect(greedy.take(50)).toBe(false);
  expect(gone).toEqual([]);
  expect(greedy.take(30)).toBe(true);
  expect(gone).toEqual(["waiting"]);
});
