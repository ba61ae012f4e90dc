import { expect, test } from "vitest";
import { crateCount, hasEngine } from "./engines.ts";
import { joinOrder } from "./joining.ts";
import { plansOf, tenantNames } from "./tenants.ts";

test("tenants whose engines are there come first, in order of domain; the others follow by their size", () => {
  const [data, evm] = plansOf(["data", "evm"]);
  if (data === undefined || evm === undefined) throw new Error("there are such tenants");
  const named = (crates: readonly number[]) => {
    const obstacles = [data, evm].map((plan, i) => ({ plan, crates: crates[i] ?? 0 }));
    return joinOrder(obstacles).map(({ name }) => name);
  };
  expect(named([0, 0])).toEqual(["data", "evm"]);
  expect(named([300, 0])).toEqual(["evm", "data"]);
  expect(named([300, 200])).toEqual(["evm", "data"]);
});

test("an engine's size is read from its lock file", async () => {
  for (const plan of plansOf(tenantNames)) {
    const crates = await crateCount(plan);
    if (plan.engine === undefined) expect([crates, await hasEngine(plan)]).toEqual([0, true]);
    else expect(crates).toBeGreaterThan(50);
  }
});
