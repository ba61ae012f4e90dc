import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refuteBudgets, type TenantBudget, usualBudgets } from "../../protocol/budget.ts";
import { asDomain, asEpoch, asHeight, asRevision, zeroRoot } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Capacity } from "../../protocol/ordering.ts";
import { type Summary, tenantStatuses } from "../../protocol/summary.ts";
import { accrue, addLoads, batchAllowance, charge, fullCapacity, penaltyAfter, refuteLoad } from "./capacity.ts";

const domain = asDomain(7);
const budget: TenantBudget = {
  gas: { rate: 1_000, burst: 500, largest: 400 },
  bytes: { rate: 100, burst: 50 },
};

const summaryOf = (height: number, gasUsed: number): Summary => ({
  epoch: asEpoch(0),
  height: asHeight(height),
  revision: asRevision(0),
  header: zeroRoot,
  previous: zeroRoot,
  timestampMs: 0,
  accountsRoot: zeroRoot,
  tenants: [
    {
      domain,
      number: height,
      blockHash: zeroRoot,
      stateRoot: zeroRoot,
      auxRoot: zeroRoot,
      receiptsRoot: zeroRoot,
      inputsRoot: zeroRoot,
      outboxRoot: zeroRoot,
      outboxCount: 0,
      gasUsed,
      status: tenantStatuses.active,
    },
  ],
  bundles: [],
  hopeless: [],
});

const load = (gas: number, bytes: number) => ({ transactions: 1, gas, bytes, largest: gas, legGas: 0 });
const empty: Capacity = { gas: 0, bytes: 0, uncertified: [] };

describe("a tenant's capacity", () => {
  it("accrues with time, rounded down, up to the burst", () => {
    expect(accrue(empty, domain, budget, 15, [])).toMatchObject({ gas: 15, bytes: 1 });
    expect(accrue(empty, domain, budget, 19, [])).toMatchObject({ gas: 19, bytes: 1 });
    expect(accrue(empty, domain, budget, 10 ** 9, [])).toMatchObject({ gas: 500, bytes: 50 });
    const largest = { rate: limits.allowance, burst: limits.allowance };
    const wide = { gas: { ...largest, largest: 1, legGas: 0 }, bytes: largest };
    expect(accrue(empty, domain, wide, Number.MAX_SAFE_INTEGER, [])).toMatchObject({ gas: limits.allowance });
  });

  it("is charged what a block declares, and gets back what execution did not use, once it is certified", () => {
    const after = charge(charge(fullCapacity(budget), asHeight(5), load(300, 10)), asHeight(6), load(100, 10));
    expect(after).toEqual({
      gas: 100,
      bytes: 30,
      uncertified: [
        { height: 5, gas: 300 },
        { height: 6, gas: 100 },
      ],
    });
    const certified = accrue(after, domain, budget, 0, [summaryOf(4, 77), summaryOf(5, 21)]);
    expect(certified).toEqual({ gas: 379, bytes: 30, uncertified: [{ height: 6, gas: 100 }] });
    expect(accrue(certified, domain, budget, 0, [summaryOf(6, 100)])).toEqual({ gas: 379, bytes: 30, uncertified: [] });
  });

  it("refuses what is too large at once, too much gas, too many bytes", () => {
    const full = fullCapacity(budget);
    expect(refuteLoad(load(400, 50), full, budget)).toBeUndefined();
    expect(refuteLoad(load(401, 1), full, budget)).toMatch(/transaction of 401 gas/);
    expect(refuteLoad({ ...load(501, 1), largest: 400, legGas: 0 }, full, budget)).toMatch(
      /501 gas declared, 500 are left/,
    );
    expect(refuteLoad(load(1, 51), full, budget)).toMatch(/51 bytes, 50 are left/);
  });

  it("never lets more through than burst and rate, whatever is declared, used and certified", () => {
    const steps = fc.array(
      fc.record({ elapsedMs: fc.nat(2_000), declared: fc.nat(400), share: fc.nat(100), certify: fc.boolean() }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (run) => {
        let capacity = fullCapacity(budget);
        let [time, used, height] = [0, 0, 0];
        let open: Summary[] = [];
        for (const { elapsedMs, declared, share, certify } of run) {
          height++;
          time += elapsedMs;
          capacity = accrue(capacity, domain, budget, elapsedMs, certify ? open : []);
          if (certify) open = [];
          const refused = refuteLoad(load(declared, 0), capacity, budget) !== undefined;
          const spent = refused ? 0 : Math.floor((declared * share) / 100);
          if (!refused) capacity = charge(capacity, asHeight(height), load(declared, 0));
          open.push(summaryOf(height, spent));
          used += spent;
          expect(capacity.gas).toBeGreaterThanOrEqual(0);
          expect(used).toBeLessThanOrEqual(budget.gas.burst + Math.floor((budget.gas.rate * time) / 1000));
        }
      }),
    );
  });
});

describe("loads", () => {
  it("add up by tenant", () => {
    const other = asDomain(8);
    const sum = addLoads([
      new Map([[domain, load(1, 2)]]),
      new Map([
        [domain, load(10, 20)],
        [other, load(5, 5)],
      ]),
    ]);
    expect(sum.get(domain)).toEqual({ transactions: 2, gas: 11, bytes: 22, largest: 10, legGas: 0 });
    expect(sum.get(other)).toEqual(load(5, 5));
  });
});

describe("a producer's penalty", () => {
  it("takes from its largest batch, and is pardoned with time", () => {
    const once = penaltyAfter(0, 0, 1);
    expect(batchAllowance(once)).toBe(limits.batchBytes - limits.hopelessBytes);
    expect(penaltyAfter(once, 1_000, 0)).toBe(0);
    expect(batchAllowance(penaltyAfter(0, 0, 64))).toBe(0);
    expect(penaltyAfter(0, 0, 10 ** 6)).toBe(limits.penaltyBytes);
  });
});

describe("the usual budgets", () => {
  it("let one tenant of each VM fill its lane without crowding another out of a block", () => {
    expect(refuteBudgets(Object.values(usualBudgets))).toBeUndefined();
    expect(refuteBudgets([usualBudgets.data, usualBudgets.data, usualBudgets.evm])).toMatch(/bursts of bytes/);
    const { gas, bytes } = usualBudgets.evm;
    expect(refuteBudgets([{ gas: { ...gas, largest: gas.burst + 1 }, bytes }])).toMatch(/largest transaction/);
    expect(refuteBudgets([{ gas: { ...gas, rate: 0 }, bytes }])).toMatch(/between/);
  });
});
