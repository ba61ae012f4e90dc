import fc from "fast-check";
import { expect, test } from "vitest";
import { createRateLimit, createThrottle } from "./rate.ts";

const limits = { messageRate: 10, messageBurst: 20, byteRate: 1000, byteBurst: 2000 };

test("over any time no more passes than burst and rate allow", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(2000)), { maxLength: 200 }), (steps) => {
      const take = createRateLimit(limits);
      let now = 0;
      let messages = 0;
      let bytes = 0;
      for (const [pause, length] of steps) {
        now += pause;
        if (take(length, now) > 0) continue;
        messages++;
        bytes += length;
      }
      expect(messages).toBeLessThanOrEqual(limits.messageBurst + (now / 1000) * limits.messageRate);
      expect(bytes).toBeLessThanOrEqual(limits.byteBurst + (now / 1000) * limits.byteRate);
    }),
  );
});

test("what has to wait passes after the time it was told", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2000), { minLength: 1, maxLength: 100 }), (lengths) => {
      const take = createRateLimit(limits);
      let now = 0;
      for (const length of lengths) {
        const wait = take(length, now);
        if (wait === 0) continue;
        now += wait;
        expect(take(length, now)).toBe(0);
      }
    }),
  );
});

test("a clock that goes back gives nothing", () => {
  const take = createRateLimit(limits);
  for (let i = 0; i < 20; i++) expect(take(0, 1000)).toBe(0);
  expect(take(0, 0)).toBeGreaterThan(0);
  expect(take(0, 1000)).toBeGreaterThan(0);
  expect(take(0, 1100)).toBe(0);
});

test("a throttle lets the burst pass at once, and the rest at the rate", async () => {
  let now = 0;
  const waits: number[] = [];
  const runtime = {
    now: () => now,
    after: (ms: number, callback: () => void) => {
      waits.push(ms);
      now += ms;
      callback();
      return () => {};
    },
    randomBytes: (length: number) => new Uint8Array(length),
  };
  const spend = createThrottle(limits, runtime);
  for (const bytes of [1000, 1000, 500, 250]) await spend(bytes);
  expect(waits).toEqual([500, 250]);
});
