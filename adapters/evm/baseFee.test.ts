import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  auxRootOf,
  baseFeeOf,
  decodeFeeState,
  encodeFeeState,
  excessAt,
  fakeExponential,
  targetOf,
} from "./baseFee.ts";

const gwei = 10n ** 9n;
const target = targetOf(300_000_000);
const excesses = fc.bigInt({ min: 0n, max: 2n ** 52n });

describe("base fee", () => {
  it("has EIP-4844's exponential", () => {
    const cases: [bigint, bigint, bigint, bigint][] = [
      [1n, 0n, 1n, 1n],
      [38493n, 0n, 1000n, 38493n],
      [0n, 1234n, 2345n, 0n],
      [1n, 2n, 1n, 6n],
      [1n, 4n, 2n, 6n],
      [1n, 3n, 1n, 16n],
      [1n, 6n, 2n, 18n],
      [1n, 4n, 1n, 49n],
      [10n, 8n, 2n, 542n],
      [11n, 8n, 2n, 596n],
      [1n, 50000000n, 2225652n, 5709098764n],
    ];
    for (const [factor, numerator, denominator, value] of cases) {
      expect(fakeExponential(factor, numerator, denominator)).toBe(value);
    }
  });

  it("starts at one gwei, and rises by about a hundredth for a second at full rate", () => {
    expect(baseFeeOf(0n, target)).toBe(gwei);
    const excess = 300_000_000n - target;
    expect(baseFeeOf(excess, target)).toBe(BigInt(Math.floor(1e9 * Math.exp(1 / 102))));
  });

  it("stays where it is at half the rate, and falls back with time", () => {
    const state = { excess: 0n, timestampMs: 1000 };
    const after = { excess: excessAt(state, target, 2000) + 150_000_000n, timestampMs: 2000 };
    expect(excessAt(after, target, 3000)).toBe(0n);
    expect(excessAt({ excess: target * 10n, timestampMs: 0 }, target, 4000)).toBe(target * 6n);
    expect(excessAt({ excess: 7n, timestampMs: 5000 }, target, 5000)).toBe(7n);
  });

  it("drains the same in one step as in many, but for less than a unit a step", () => {
    fc.assert(
      fc.property(excesses, fc.array(fc.nat(5000), { maxLength: 20 }), (excess, steps) => {
        let state = { excess, timestampMs: 0 };
        for (const step of steps) {
          const timestampMs = state.timestampMs + step;
          state = { excess: excessAt(state, target, timestampMs), timestampMs };
        }
        const once = excessAt({ excess, timestampMs: 0 }, target, state.timestampMs);
        expect(state.excess - once).toBeGreaterThanOrEqual(0n);
        expect(state.excess - once).toBeLessThanOrEqual(BigInt(steps.length));
      }),
    );
  });

  it("never falls as excess grows, and ends at what the engine takes", () => {
    fc.assert(
      fc.property(excesses, excesses, (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(baseFeeOf(more, target)).toBeGreaterThanOrEqual(baseFeeOf(less, target));
      }),
    );
    expect(baseFeeOf(2n ** 63n, target)).toBe(2n ** 64n - 1n);
    expect(baseFeeOf(24n * 102n * target, target)).toBe(2n ** 64n - 1n);
  });

  it("keeps its state in sixteen bytes", () => {
    const state = { excess: 258n, timestampMs: 1_800_000_000_000 };
    expect(Buffer.from(encodeFeeState(state)).toString("hex")).toBe("0000000000000102000001a3185c5000");
    expect(decodeFeeState(encodeFeeState(state))).toEqual(state);
    expect(() => decodeFeeState(new Uint8Array(15))).toThrow(expect.objectContaining({ code: "bad_state" }));
    expect(auxRootOf(state)).not.toEqual(auxRootOf({ ...state, excess: 259n }));
  });
});
